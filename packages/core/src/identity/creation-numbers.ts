/**
 * Numbers the random names that a process creates.
 *
 * A number is the lowest that no existing name of the same process, directory and kind has, so a loop that creates and removes
 * a file a thousand times creates number 1 a thousand times. Beyond the third, every name is `+`: how many there are at once
 * says little, and a contour must not grow with it.
 */
const NUMBERED = 3;

/** Written instead of a number that is too high, or that would depend on scheduling. */
export const UNNUMBERED = "+";

interface Taken {
  /** Bit n−1: number n is in use. */
  bits: number;
}

export class CreationNumbers {
  readonly #byProcess = new Map<number, Map<string, Taken>>();

  /** The number the next name of this kind gets: `1`, `2`, `3` or `+`. */
  next(pid: number, kind: string): string {
    const number = lowestFree(this.#byProcess.get(pid)?.get(kind)?.bits ?? 0);
    return number > NUMBERED ? UNNUMBERED : String(number);
  }

  /** Takes the lowest free number. The result releases it, and is undefined if no number was taken. */
  take(pid: number, kind: string): (() => void) | undefined {
    const kinds = this.#byProcess.get(pid) ?? new Map<string, Taken>();
    const taken = kinds.get(kind) ?? { bits: 0 };
    const number = lowestFree(taken.bits);
    if (number > NUMBERED) return undefined;
    const bit = 1 << (number - 1);
    taken.bits |= bit;
    kinds.set(kind, taken);
    this.#byProcess.set(pid, kinds);
    return () => {
      taken.bits &= ~bit;
      if (taken.bits === 0 && kinds.get(kind) === taken) kinds.delete(kind);
      if (kinds.size === 0 && this.#byProcess.get(pid) === kinds) this.#byProcess.delete(pid);
    };
  }

  /** A process ended: the next process with this id starts to count anew. */
  forget(pid: number): void {
    this.#byProcess.delete(pid);
  }
}

function lowestFree(bits: number): number {
  return 32 - Math.clz32(~bits & (bits + 1));
}
