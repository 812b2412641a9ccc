/**
 * What writer and reader of a contour file agree on. The format is specified in docs/spec/contour-file.md.
 */
import { formatList } from "../event/text.ts";
import type { Image, Task } from "../identity/task.ts";

export const FORMAT_LINE = "isoline contour 1";

/** Points of provenance in one line. */
export const PROVENANCE_WIDTH = 16;

/** Stands for nobody: the parent of the first program, and the task before it. */
export const NOBODY = "-";

/** Before the name that a task was called by, and before what it was given to run; no path of an image begins so. */
export const AS = "as=";
export const RUNS = "runs=";

/** `task HANDLE ID PARENT [as=NAME] [runs=ENTRY,…] PATH@DIGEST …`, a `-` for a digest that could not be taken. */
export function taskLine(task: Task, handle: string, parent: string): string {
  const as = task.as === undefined ? [] : [AS + task.as];
  const runs = task.runs === undefined ? [] : [RUNS + formatList(task.runs)];
  return ["task", handle, task.id, parent, ...as, ...runs, ...task.images.map(imageWord)].join(" ");
}

function imageWord({ path, digest }: Image): string {
  return `${path}@${digest ?? "-"}`;
}
