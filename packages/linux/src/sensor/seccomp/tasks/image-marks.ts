/**
 * Marks by which one run of a program, from its exec to the next, is told from every other: where the exec placed it.
 *
 * A process that was forked has the mark of its forker, whatever became of that since, and nobody else's: the stack alone is
 * placed at one of 2^30 addresses. The kernel writes it and a task can only change it by PR_SET_MM. Where a task was let do
 * that, or where nothing is placed at random (ADDR_NO_RANDOMIZE, kernel.randomize_va_space), a mark proves nothing.
 */
import { type RunningImage, runningImage } from "../../../process/proc-status.ts";

export class ImageMarks {
  #wereWritten = false;
  /** Threads that were let write their mark, with what it was before, until they are back. */
  readonly #writing = new Map<number, string | undefined>();

  /** Notes that a task is let write its mark, which is that of all that share its memory. */
  mayChange(tid: number): void {
    this.#writing.set(tid, runningImage(tid)?.mark);
  }

  /** Notes that a thread is back from its last call. Between two calls it cannot have written it there and back. */
  isBack(tid: number): void {
    if (this.#writing.size === 0 || !this.#writing.has(tid)) return;
    const before = this.#writing.get(tid);
    this.#writing.delete(tid);
    if (before === undefined || runningImage(tid)?.mark !== before) this.#wereWritten = true;
  }

  get #mayLie(): boolean {
    return this.#wereWritten || this.#writing.size > 0;
  }

  /** The mark of what a task runs now, to be compared with others by `prove`. */
  of(tid: number): string | undefined {
    const image = runningImage(tid);
    return image?.isRandomized ? image.mark : undefined;
  }

  /** A mark, if it proves something as of now. */
  proof(mark: string | undefined): string | undefined {
    return this.#mayLie ? undefined : mark;
  }

  /** Whether two looks at a process show the same run of a program; undefined if they do not tell. */
  areSame(before: RunningImage, after: RunningImage): boolean | undefined {
    // By no call but exec can this change.
    if (before.isRandomized !== after.isRandomized) return false;
    if (this.#mayLie || before.mark === undefined || after.mark === undefined) return undefined;
    if (before.mark !== after.mark) return false;
    return after.isRandomized ? true : undefined;
  }
}
