/**
 * Whether every task still has the launch's root, user namespace and pid namespace.
 *
 * A task can leave them only by a mediated call, or be created outside them by the flags of that call. All tasks descend from
 * one launch. So until such a call is allowed, what was read of one task holds for all.
 */
export class LaunchPlaces {
  #mayHaveLeft = false;
  #mayBeBornOutside = false;

  /** A task is about to be allowed to change its root or enter a namespace, or tasks are brought in from outside. */
  noteLeaving(): void {
    this.#mayHaveLeft = true;
  }

  /** A task is about to be allowed to create another with flags that are in memory and may still change. */
  noteOpenBirth(): void {
    this.#mayBeBornOutside = true;
  }

  /** Whether a task that was found in a place of the launch must still be in it. */
  get noneHasLeft(): boolean {
    return !this.#mayHaveLeft;
  }

  /** Whether all tasks are in the same places as the launch. */
  get areShared(): boolean {
    return !this.#mayHaveLeft && !this.#mayBeBornOutside;
  }
}
