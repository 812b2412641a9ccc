/**
 * The two phases of a canister: the runtime sets it up, then the workload runs in it.
 *
 * A program executed at the host's root has a token before its path (rule `canister`), and a copy that a runtime makes of
 * itself has no path. The workload begins with the first program that has a path in the image.
 */
import type { Digest } from "../digest.ts";
import type { Task } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";

export const phases = ["runtime", "workload"] as const;
export type Phase = (typeof phases)[number];

/** Returns the phase of a task by its id, or undefined if the contour is not of a canister. */
export function phasesOf<E extends Exchange>(contour: Contour<E>): ((task: Digest) => Phase) | undefined {
  if (!Array.from(contour.tasks()).some((task) => pathOf(task).startsWith("$HOST/"))) return undefined;
  const workload = new Set<Digest>();
  // A task comes after its parent.
  for (const task of contour.tasks())
    if (workload.has(task.parent) || phaseOfPath(pathOf(task)) === "workload") workload.add(task.id);
  return (task) => (workload.has(task) ? "workload" : "runtime");
}

/** A program of the host, or a copy that a runtime made of itself in memory. */
const OF_THE_RUNTIME =
  /^(?:\?deleted:)?(?:\$(?:HOST|ROOTFS|BUNDLE|STATE|ENGINE|ABOVE|PROCESS|PIDFILE|CONSOLE)(?:\/|$)|memfd:)/;

/** The phase of a file, by its levelled path. */
export function phaseOfPath(path: string): Phase {
  return OF_THE_RUNTIME.test(path) ? "runtime" : "workload";
}

function pathOf(task: Task): string {
  return task.images[0].path;
}
