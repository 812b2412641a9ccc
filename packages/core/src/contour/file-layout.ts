/** Constants shared by the writer and the reader of contour files. The format is specified in docs/spec/contour-file.md. */
import { formatList } from "../event/text.ts";
import type { Image, Task } from "../identity/task.ts";

export const FORMAT_LINE = "isoline contour 2";

/** The last line. A file without it was cut off. */
export const LAST_LINE = "end";

/** Stands for "no task": the parent of the first program, and the task before it. */
export const NOBODY = "-";

/** Prefixes of the name that a task was called by and of what it was given to run. No path of an image begins with them. */
export const AS = "as=";
export const RUNS = "runs=";

/** `task HANDLE ID PARENT [as=NAME] [runs=ENTRY,…] PATH@DIGEST …`; `-` stands for a digest that could not be computed. */
export function taskLine(task: Task, handle: string, parent: string): string {
  const as = task.as === undefined ? [] : [AS + task.as];
  const runs = task.runs === undefined ? [] : [RUNS + formatList(task.runs)];
  return ["task", handle, task.id, parent, ...as, ...runs, ...task.images.map(imageWord)].join(" ");
}

function imageWord({ path, digest }: Image): string {
  return `${path}@${digest ?? "-"}`;
}
