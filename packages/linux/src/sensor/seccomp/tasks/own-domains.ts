/**
 * Which processes may have a Landlock domain of their own: those that asked for one, and all that descend from them.
 *
 * The kernel tells nobody which domain a task has, so the mark is passed on by lineage, and lineage can be blurred: a parent
 * that dies, or a child made a sibling, hides where a process comes from. Where the parent is not certain, a process is
 * marked as soon as any process of the namespace has restricted itself. A mark too many costs a call that the kernel makes
 * instead of us; a mark too few would give a task back what it gave up.
 */
import type { Origin } from "./lineage.ts";
import type { Process } from "./process.ts";

export class OwnDomains {
  #isUsed = false;

  restricts(process: Process): void {
    process.restrictsItself = true;
    this.#isUsed = true;
  }

  /** Whether a new process is marked; `named` is the process that /proc names as its parent, if that is one of ours. */
  inherits(origin: Origin, named: Process | undefined, isAlive: (process: Process) => boolean): boolean {
    if (!this.#isUsed) return false;
    // Orphans come to a process that adopts, and to no other. A sibling is named the child of its maker's parent.
    const isCertain = named !== undefined && named === origin.parent && !named.adopts && isAlive(named);
    if (!isCertain || origin.others.length > 0) return true;
    return named.restrictsItself || named.hasRestrictedForker;
  }
}
