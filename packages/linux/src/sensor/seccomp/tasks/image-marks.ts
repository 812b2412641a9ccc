/**
 * Marks that distinguish one run of a program, from its exec to the next, from every other: the addresses where the exec placed
 * it.
 *
 * A forked process has the mark of its forker, whatever that process has done since, and no other process has it: the stack
 * alone is placed at one of 2^30 addresses. The kernel writes the mark, and a task can only change it by PR_SET_MM. If a task
 * was allowed to do that, or if addresses are not random (ADDR_NO_RANDOMIZE, kernel.randomize_va_space), a mark proves nothing.
 */
import { type RunningImage, runningImage } from "../../../process/proc-status.ts";

export class ImageMarks {
  #wereWritten = false;
  /** Threads that were allowed to change their mark, with the earlier mark, until they return. */
  readonly #writing = new Map<number, string | undefined>();

  /** Records that a task is allowed to change its mark, which all tasks that share its memory have. */
  mayChange(tid: number): void {
    this.#writing.set(tid, runningImage(tid)?.mark);
  }

  /** Records that a thread has returned from its last call. Between two calls it cannot have changed the mark and restored it. */
  isBack(tid: number): void {
    if (this.#writing.size === 0 || !this.#writing.has(tid)) return;
    const before = this.#writing.get(tid);
    this.#writing.delete(tid);
    if (before === undefined || runningImage(tid)?.mark !== before) this.#wereWritten = true;
  }

  get #mayLie(): boolean {
    return this.#wereWritten || this.#writing.size > 0;
  }

  /** The mark of the program that a task runs now, to be compared with others by `prove`. */
  of(tid: number): string | undefined {
    const image = runningImage(tid);
    return image?.isRandomized ? image.mark : undefined;
  }

  /** A mark, if it proves something at present. */
  proof(mark: string | undefined): string | undefined {
    return this.#mayLie ? undefined : mark;
  }

  /** Whether two readings of a process show the same run of a program; undefined if they do not prove it. */
  areSame(before: RunningImage, after: RunningImage): boolean | undefined {
    // No call but exec can change this.
    if (before.isRandomized !== after.isRandomized) return false;
    if (this.#mayLie || before.mark === undefined || after.mark === undefined) return undefined;
    if (before.mark !== after.mark) return false;
    return after.isRandomized ? true : undefined;
  }
}
