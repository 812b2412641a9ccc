/**
 * Prints departures, one line each, the gravest first.
 *
 * While the workload runs they are told in bursts: when none has come for a moment, so that what belongs together is ranked together,
 * and after some seconds at the latest. A command whose output is read afterwards tells all of them at its end.
 */
import { type Consequence, consequences } from "@isoline/core/engine";
import type { DepartureReport } from "../../namespace/report.ts";
import { paint } from "../output/paint.ts";
import { note, STDERR } from "../output/streams.ts";
import { counted, grouped, harmless } from "../output/wording.ts";
import { programOf, ranked, type Told, updatedFile } from "./ranked.ts";

const LOOK_EVERY_MS = 250;
const QUIET_MS = 750;
const LATEST_MS = 3000;
/** A workload decides how many departures there are; each consequence has lines of its own, which no other can use up. */
const MOST_LINES: Readonly<Record<Consequence, number>> = {
  credentials: 10,
  persistence: 10,
  privilege: 8,
  execution: 8,
  network: 8,
  change: 8,
  read: 6,
  "start-up": 6,
};
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
  readonly #left = new Map<Consequence, number>(consequences.map((name) => [name, MOST_LINES[name]]));
  /** Lines told, by program and consequence. */
  readonly #told = new Map<string, number>();
  readonly #untold = new Map<Consequence, number>();
  readonly #started = new Map<string, number>();
  #held: DepartureReport[] = [];
  #fetched = 0;
  #firstHeldAt = 0;
  #lastHeldAt = 0;
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;
  #busy = false;
  #isOver = false;

  constructor(source: DepartureSource) {
    this.#source = source;
  }

  /** Tells them in bursts from now on. */
  start(): void {
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Prints the rest, now that all of them are known. */
  stop(all: readonly DepartureReport[]): void {
    clearInterval(this.#timer);
    this.#isOver = true;
    this.#tell([...this.#held, ...all.slice(this.#fetched)]);
    this.#tellFolded();
  }

  async #look(): Promise<void> {
    if (this.#busy || this.#source.waits?.() === true) return;
    this.#busy = true;
    try {
      const off = this.#source.off();
      const now = performance.now();
      if (off !== this.#seen) await this.#hold(off, now);
      if (
        this.#isOver ||
        this.#held.length === 0 ||
        (now - this.#lastHeldAt < QUIET_MS && now - this.#firstHeldAt < LATEST_MS)
      )
        return;
      const held = this.#held;
      this.#held = [];
      this.#tell(held);
    } finally {
      this.#busy = false;
    }
  }

  async #hold(off: number, now: number): Promise<void> {
    const more = await this.#source.from(this.#fetched);
    if (this.#isOver) return;
    if (more.length === 0) this.#seen = off;
    else {
      if (this.#held.length === 0) this.#firstHeldAt = now;
      this.#lastHeldAt = now;
      this.#fetched += more.length;
      this.#held.push(...more);
    }
  }

  #tell(departures: readonly DepartureReport[]): void {
    const { lines, started } = ranked(departures);
    for (const line of lines) {
      if (this.#mayTell(line.departure)) note(departureText(line));
      else add(this.#untold, line.departure.consequence, 1 + line.more);
    }
    for (const [program, acts] of started) add(this.#started, program, acts);
  }

  /** Takes a line of those that this consequence and this program still have. */
  #mayTell(departure: DepartureReport): boolean {
    const { consequence } = departure;
    const update = updatedFile(departure);
    const key = update === undefined ? `${consequence} ${programOf(departure)}` : `update ${update}`;
    const most = update === undefined ? MOST_PER_PROGRAM : 1;
    const left = this.#left.get(consequence) ?? 0;
    const told = this.#told.get(key) ?? 0;
    if (left === 0 || told >= most) return false;
    this.#left.set(consequence, left - 1);
    this.#told.set(key, told + 1);
    return true;
  }

  #tellFolded(): void {
    if (this.#started.size > 0) {
      const acts = [...this.#started.values()].reduce((sum, each) => sum + each, 0);
      const programs = [...this.#started.keys()].map((program) => `\`${harmless(program)}\``);
      note(
        `loaded what every program loads: ${listed(programs, "program")}, ${counted(acts, "act")} of loader, libraries and locale`,
      );
    }
    const untold = consequences.flatMap((name) => {
      const count = this.#untold.get(name);
      return count === undefined ? [] : [`${grouped(count)} of ${name}`];
    });
    if (untold.length > 0) note(`… and more: ${untold.join(", ")}; --report FILE writes them all`);
  }
}

/** `off contour: \`node\` (…) opened …; nearest on contour: … (also: map)` */
function departureText({ departure: { why, refused }, also, more }: Told): string {
  const verdict = paint("red", refused > 0 ? "refused, off contour:" : "off contour:", STDERR);
  const others = also.length > 0 ? ` (also: ${harmless(also.join("; "))})` : "";
  const rest = more > 0 ? ` (and ${counted(more, "act")} more of this update)` : "";
  return `${verdict} ${harmless(why)}${others}${rest}`;
}

const MOST_LISTED = 5;

function listed(entries: readonly string[], unit: string): string {
  const rest = entries.length - MOST_LISTED;
  const shown = entries.slice(0, MOST_LISTED).join(", ");
  return rest > 0 ? `${shown} and ${counted(rest, `more ${unit}`)}` : shown;
}

function add<K>(counts: Map<K, number>, key: K, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
