/**
 * Which processes may have a Landlock domain of their own: those that asked for one, where that might succeed, and all their
 * descendants.
 *
 * The kernel does not show which domain a task has, so the mark is inherited by lineage, and lineage can be uncertain: a parent
 * that ends, or a child created as a sibling, hides where a process comes from. If the parent is not certain, a process is
 * marked as soon as any process of the namespace has restricted itself. A needless mark costs a call that the task makes
 * instead of the supervisor; a missing mark would give a task rights that it gave up.
 */
import type { Origin } from "./lineage.ts";
import type { Process } from "./process.ts";

export class OwnDomains {
  #isUsed = false;

  restricts(process: Process): void {
    process.restrictsItself = true;
    this.#isUsed = true;
  }

  /** Whether a new process is marked; `named` is the process that /proc names as its parent, if that is in the namespace. */
  inherits(origin: Origin, named: Process | undefined, isAlive: (process: Process) => boolean): boolean {
    if (!this.#isUsed) return false;
    // Orphans go to a process that adopts them, and to no other. The parent of a sibling's creator is named as the sibling's
    // parent.
    const isCertain = named !== undefined && named === origin.parent && !named.adopts && isAlive(named);
    if (!isCertain || origin.others.length > 0) return true;
    return named.restrictsItself || named.hasRestrictedForker;
  }
}
