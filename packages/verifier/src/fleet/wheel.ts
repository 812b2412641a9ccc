/**
 * One timing wheel for all deadlines: a slot for each second, and one timer.
 *
 *   slots   [ {a,b} ] [ {} ] [ {c} ] …        the hand moves one slot a second; what lies in it is due
 *
 * A name lies in one slot at most. Setting, moving and removing it take constant time, however many names there are.
 */
const SLOT_MS = 1000;

export class Wheel {
  readonly #slots: Set<string>[];
  readonly #places = new Map<string, { slot: number; rounds: number }>();
  readonly #due: (names: readonly string[]) => void;
  #hand = 0;
  #last: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(due: (names: readonly string[]) => void, now: number, slots = 512) {
    this.#slots = Array.from({ length: slots }, () => new Set());
    this.#due = due;
    this.#last = now;
  }

  get size(): number {
    return this.#places.size;
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Has a name be due after so many seconds, in place of what was set before. */
  set(name: string, seconds: number): void {
    this.remove(name);
    const ahead = Math.max(1, Math.ceil(seconds));
    const slot = (this.#hand + ahead) % this.#slots.length;
    this.#places.set(name, { slot, rounds: Math.floor((ahead - 1) / this.#slots.length) });
    this.#slots[slot]?.add(name);
  }

  remove(name: string): void {
    const place = this.#places.get(name);
    if (place === undefined) return;
    this.#places.delete(name);
    this.#slots[place.slot]?.delete(name);
  }

  clear(): void {
    for (const slot of this.#slots) slot.clear();
    this.#places.clear();
  }

  /** Moves the hand on to a time, in milliseconds of a clock that is never set. */
  turn(now: number): void {
    const due: string[] = [];
    for (; now - this.#last >= SLOT_MS; this.#last += SLOT_MS) {
      this.#hand = (this.#hand + 1) % this.#slots.length;
      for (const name of this.#slots[this.#hand] ?? []) {
        const place = this.#places.get(name);
        if (place === undefined) continue;
        if (place.rounds > 0) place.rounds--;
        else due.push(name);
      }
      for (const name of due) this.remove(name);
    }
    if (due.length > 0) this.#due(due);
  }

  start(): void {
    this.#timer = setInterval(() => this.turn(performance.now()), SLOT_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
