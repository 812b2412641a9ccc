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
  "departures that are not in this report, as those of all namespaces that end at once did not fit into the memory of the agent";
const IN_JOURNAL =
  "; isoline departures has those that its journal had taken before the end, and says how many are missing there";
const NOT_KEPT = "; what they were is not kept";
/** Of what each has beside its texts. */
const LEAST = 2048;

export class EndedDepartures {
  readonly departures: DepartureReport[] = [];
  /** Whether a journal takes the departures while the namespace lives. */
  hasJournal = false;
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
    if (this.#untold === 0) return [];
    return [{ reason: UNTOLD + (this.hasJournal ? IN_JOURNAL : NOT_KEPT), count: this.#untold }];
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

/** Whether a loss of a report is of departures that were cut from it, which a journal may have. */
export function isUntold({ reason }: Loss): boolean {
  return reason.startsWith(UNTOLD);
}
