/**
 * Which of its random names a process made first, second, third.
 *
 * A number is the lowest that no living name of the same process, directory and kind has, so a loop that makes and
 * removes a file a thousand times makes number 1 a thousand times. Beyond the third all are `+`: how many there are at
 * once says little, and a contour must not grow with it.
 */
const NUMBERED = 3;

/** Written in place of a number that would say too little, or depend on scheduling. */
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

  /** Takes the lowest free number; the result gives it back, and is absent where there was nothing to take. */
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

  /** The process ended: the next one with this id starts to count anew. */
  forget(pid: number): void {
    this.#byProcess.delete(pid);
  }
}

function lowestFree(bits: number): number {
  return 32 - Math.clz32(~bits & (bits + 1));
}
