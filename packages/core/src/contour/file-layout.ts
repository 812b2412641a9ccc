/**
 * What writer and reader of a contour file agree on. The format is specified in docs/spec/contour-file.md.
 */
import type { Image, Task } from "../identity/task.ts";

export const FORMAT_LINE = "isoline contour 1";

/** Points of provenance in one line. */
export const PROVENANCE_WIDTH = 16;

/** Stands for nobody: the parent of the first program, and the task before it. */
export const NOBODY = "-";

/** `task HANDLE ID PARENT PATH@DIGEST …`, a `-` for a digest that could not be taken. */
export function taskLine(task: Task, handle: string, parent: string): string {
  return `task ${handle} ${task.id} ${parent} ${task.images.map(imageWord).join(" ")}`;
}

function imageWord({ path, digest }: Image): string {
  return `${path}@${digest ?? "-"}`;
}
