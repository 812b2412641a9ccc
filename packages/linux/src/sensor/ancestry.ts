/**
 * How much of the line of descent is kept. A process refers to its parent, that to its own, and so on: a chain of forks, of which one
 * process lives at a time, would be kept as a whole by the last of them.
 *
 *   living process → dead → … → dead  ┄┄ gap ┄┄→  the next that lives → …
 *                    └ up to NEAREST ┘
 *
 * What lives stays an ancestor, however many between have ended. A living process never loses its own parent: whose child it is, is part
 * of what acts mean.
 */

/** What of a process is needed here. */
interface Descended<Self> {
  parent: Self | undefined;
  /** Dead processes between it and its parent are forgotten; with no parent, all above. */
  hasGap: boolean;
}

/** The dead that are kept between a living process and the next one above: as many as any question about them reads. */
const NEAREST = 64;
/** All dead that are kept with their parents, besides the parents of the living. */
const MOST_DEAD = 16_384;
/** The dead are looked through when there are so many, and twice as many as were kept the last time. */
const LOOK_AT = 1024;

export class Ancestry<Self extends Descended<Self>> {
  readonly #living: () => Iterable<Self>;
  readonly #awaited: () => Iterable<Self>;
  /** Every dead process that still knows its parent. */
  #dead = new Set<Self>();
  #lookAt = LOOK_AT;

  /** `awaited` are dead processes that may yet become the parent of a process. */
  constructor(living: () => Iterable<Self>, awaited: () => Iterable<Self> = () => []) {
    this.#living = living;
    this.#awaited = awaited;
  }

  /** A process has ended, and is not among the living any more. */
  ended(process: Self): void {
    this.#dead.add(process);
    if (this.#dead.size < this.#lookAt) return;
    this.#forgetDistant();
    this.#lookAt = Math.max(LOOK_AT, this.#dead.size * 2);
  }

  #forgetDistant(): void {
    const kept = new Set<Self>();
    for (const process of this.#living()) this.#keepAbove(process.parent, kept);
    for (const process of this.#awaited()) if (kept.size < MOST_DEAD) this.#keepAbove(process, kept);
    for (const process of kept) {
      while (process.parent && this.#dead.has(process.parent) && !kept.has(process.parent)) {
        process.parent = process.parent.parent;
        process.hasGap = true;
      }
    }
    for (const process of this.#dead) {
      if (kept.has(process)) continue;
      process.parent = undefined;
      process.hasGap = true;
    }
    this.#dead = kept;
  }

  /** Keeps a parent that is dead, and the dead above it, up to one that lives. */
  #keepAbove(parent: Self | undefined, kept: Set<Self>): void {
    let above = parent;
    for (let steps = 0; above && this.#dead.has(above) && steps < NEAREST; steps++) {
      if (steps > 0 && kept.size >= MOST_DEAD) return;
      kept.add(above);
      above = above.parent;
    }
  }
}
