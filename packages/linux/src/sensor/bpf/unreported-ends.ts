/**
 * Ends of which the BPF programs could not tell, because a ring was full: after a loss, the kernel's own table is asked who lives.
 *
 * A process that has ended may still have records that wait, its end among them. So it is only noted, and looked for again when all
 * records that waited have been read.
 */
import type { BpfProcess, ProcessTable } from "./processes.ts";

/** Losses may go on, and each process is asked about: no more often than this, in milliseconds. */
const EVERY_MS = 100;

export class UnreportedEnds {
  readonly #table: Pick<ProcessTable, "all" | "knows">;
  readonly #lives: (process: BpfProcess) => boolean;
  #lost = 0;
  #isOwed = false;
  #asked = Number.NEGATIVE_INFINITY;
  readonly #now: () => number;
  #noted: readonly BpfProcess[] = [];

  constructor(
    table: Pick<ProcessTable, "all" | "knows">,
    lives: (process: BpfProcess) => boolean,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
    this.#table = table;
    this.#lives = lives;
  }

  /** All records that waited have been read, and so much is lost in all. Returns those that have ended, and were not told of. */
  after(lost: number): readonly BpfProcess[] {
    const ended = this.#noted.filter((process) => this.#table.knows(process));
    this.#isOwed ||= lost !== this.#lost;
    this.#lost = lost;
    const now = this.#now();
    this.#noted = [];
    if (!this.#isOwed || now - this.#asked < EVERY_MS) return ended;
    this.#isOwed = false;
    this.#asked = now;
    this.#noted = [...this.#table.all].filter((process) => !this.#lives(process));
    return ended;
  }
}
