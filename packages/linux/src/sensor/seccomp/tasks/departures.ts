/**
 * Whether tasks may have left the places of the launch: its root, its user namespace, its pid namespace.
 *
 * A task leaves them by a call that is mediated, or is created outside by the flags of its creation. As long as none was allowed to,
 * what was found out about one task holds for all of them, because all descend from one launch.
 */
export class Departures {
  #mayHaveLeft = false;
  #mayBeBornOutside = false;

  /** A task is about to be allowed to change its root or to enter a namespace; or tasks are brought in from elsewhere. */
  noteLeaving(): void {
    this.#mayHaveLeft = true;
  }

  /** A task is about to be allowed to create one with flags that are in memory, where they can still be changed. */
  noteOpenBirth(): void {
    this.#mayBeBornOutside = true;
  }

  /** Whether a task that was in a place of the launch is still in it. */
  get noneHasLeft(): boolean {
    return !this.#mayHaveLeft;
  }

  /** Whether all tasks are in the same places. */
  get areNone(): boolean {
    return !this.#mayHaveLeft && !this.#mayBeBornOutside;
  }
}
