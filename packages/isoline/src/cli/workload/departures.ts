/** Prints departures, one line each, as soon as they are known. */
import type { DepartureReport } from "../../namespace/report.ts";
import { paint } from "../output/paint.ts";
import { note, STDERR } from "../output/streams.ts";
import { grouped, harmless } from "../output/wording.ts";

const LOOK_EVERY_MS = 250;
/** A workload decides how many there are; the others are in the report. */
const MOST_LINES = 40;
/** A program that is not on the contour departs with everything it does. */
const MOST_PER_PROGRAM = 5;

export interface DepartureSource {
  /** Off-contour events so far; reading the number costs nothing. */
  readonly off: () => number;
  /** Departures from an index on, in order; asks the supervising thread. */
  readonly from: (first: number) => Promise<readonly DepartureReport[]>;
  /** Whether to wait, because a question stands on the terminal. */
  readonly waits?: () => boolean;
}

export class DepartureTeller {
  readonly #source: DepartureSource;
  readonly #perProgram = new Map<string, number>();
  readonly #untold = new Map<string, number>();
  #told = 0;
  #lines = 0;
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;
  #busy = false;

  constructor(source: DepartureSource) {
    this.#source = source;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Prints the rest, now that all of them are known. */
  stop(all: readonly DepartureReport[]): void {
    clearInterval(this.#timer);
    this.#tell(all.slice(this.#told));
    const untold = [...this.#untold].map(([program, count]) => `${grouped(count)} more by ${program}`);
    if (untold.length > 0) note(`… and ${listed(untold)}; --report FILE writes them all`);
  }

  async #look(): Promise<void> {
    const off = this.#source.off();
    if (this.#source.waits?.() === true) return;
    if (this.#busy || off === this.#seen || this.#lines >= MOST_LINES) return;
    this.#seen = off;
    this.#busy = true;
    try {
      this.#tell(await this.#source.from(this.#told));
    } finally {
      this.#busy = false;
    }
  }

  #tell(departures: readonly DepartureReport[]): void {
    for (const departure of departures) {
      this.#told += 1;
      const program = programText(departure);
      const before = this.#perProgram.get(program) ?? 0;
      this.#perProgram.set(program, before + 1);
      const most = departure.class === "new" ? MOST_PER_PROGRAM : 1;
      if (this.#lines < MOST_LINES && before < most) {
        this.#lines += 1;
        note(departureText(departure));
      } else this.#untold.set(program, (this.#untold.get(program) ?? 0) + 1);
    }
  }
}

/** `off contour: \`node\` (…) opened …; nearest on contour: …` */
function departureText({ why, refused }: DepartureReport): string {
  return `${paint("red", refused > 0 ? "refused, off contour:" : "off contour:", STDERR)} ${harmless(why)}`;
}

/** `node` as the end of the chain that led to it, or what was replaced; the first process has no chain yet. */
function programText({ chain, class: kind, changed, renamed }: DepartureReport): string {
  const replaced = changed?.[0]?.path ?? renamed?.[0]?.from;
  if (kind !== "new" && replaced !== undefined) return `the update of ${harmless(replaced)}`;
  const name = chain.at(-1);
  return name === undefined ? "the first process" : `\`${harmless(name)}\``;
}

const MOST_LISTED = 5;

function listed(entries: readonly string[]): string {
  const rest = entries.length - MOST_LISTED;
  const shown = entries.slice(0, MOST_LISTED).join(", ");
  return rest > 0 ? `${shown}, and of ${grouped(rest)} more programs` : shown;
}
