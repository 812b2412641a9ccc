/**
 * The departures of namespaces that are ending, from the thread that tells them to their reports. One namespace has a bounded number, and
 * many may end at once in one process: together they have a bound as well, so that no workload fills the heap that the others need.
 */
import type { DepartureReport, Loss } from "./report.ts";

/** What namespaces of one process share. */
export interface SharedHeap {
  /** Letters, at most, as soon as more than one namespace has some. */
  readonly most: number;
  used: number;
}

const UNTOLD =
  "departures that are not in this report, as those of all namespaces that end at once did not fit into the memory of the agent; see isoline departures";
/** Of what each has beside its texts. */
const LEAST = 2048;

export class EndedDepartures {
  readonly departures: DepartureReport[] = [];
  readonly #heap: SharedHeap | undefined;
  #used = 0;
  #untold = 0;

  /** Without a heap that others share they have no bound but that of their namespace. */
  constructor(heap?: SharedHeap) {
    this.#heap = heap;
  }

  /** What does not fit is counted, with all that comes after it: what is in a report is the beginning. */
  take(page: readonly DepartureReport[]): void {
    for (const departure of page) {
      if (!this.#hasRoom(departure)) this.#untold += 1;
      else this.departures.push(departure);
    }
  }

  get losses(): readonly Loss[] {
    return this.#untold === 0 ? [] : [{ reason: UNTOLD, count: this.#untold }];
  }

  /** The report was told. */
  release(): void {
    if (this.#heap !== undefined) this.#heap.used -= this.#used;
    this.#used = 0;
  }

  #hasRoom({ act, why, chain, tasks = [] }: DepartureReport): boolean {
    if (this.#heap === undefined) return true;
    // The event has what the act says.
    const names = chain.reduce((sum, name) => sum + name.length, 0);
    const letters = LEAST + 3 * act.length + why.length + names + (tasks.length > 0 ? JSON.stringify(tasks).length : 0);
    const isAlone = this.#heap.used === this.#used;
    if (this.#untold > 0 || (!isAlone && this.#heap.used + letters > this.#heap.most)) return false;
    this.#used += letters;
    this.#heap.used += letters;
    return true;
  }
}
