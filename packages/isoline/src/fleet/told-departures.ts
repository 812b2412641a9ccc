/**
 * Departures as this node's supervisors tell them, for people who look at the verifier's page. A verifier proves nothing of them: that
 * something departed is in the evidence, what it was is in these words.
 */
import { createHash } from "node:crypto";
import type { ControlClient } from "../control/client.ts";
import { begunNamespaces, liveNamespaces } from "../control/directory.ts";
import { lastDepartedLive } from "../library/amend/departed-live.ts";
import { findJournal } from "../library/amend/journal-file.ts";
import type { ReadDeparture } from "../library/amend/departed.ts";
import { CliError } from "../error.ts";

/** As a verifier takes it. */
export interface ToldDeparture {
  readonly at: string;
  readonly line: string;
  readonly why?: string;
  readonly nearest?: string;
  readonly program?: string;
  readonly refused: boolean;
  readonly times: number;
  readonly point: string;
}

export interface ToldDepartures {
  readonly canister: string;
  readonly departures: readonly ToldDeparture[];
}

/** Counted as told only once the verifier has taken it: `DepartureWords.taken`. */
export interface News {
  readonly told: ToldDepartures;
  /** What is remembered of it. */
  readonly known: Known;
}

/** What was told last of one canister. */
interface Known {
  /** Digest of the words. They are strangers' text, and there may be many of them. */
  readonly digest: string;
  /** What its supervisor or its journal said of the number of departures then. */
  readonly version: string;
}

/** Where departures are read from. */
interface Source {
  readonly label: string;
  readonly version: string;
  /** Within so many milliseconds. */
  readonly read: (patience: number) => Promise<readonly ReadDeparture[]>;
}

/** A verifier takes no more at once. */
const MOST_TOLD = 100;
const MOST_LINE = 2000;
/** For the counts of all of root's canisters, and of all that processes began: those that do not answer delay the loop of the node once. */
const COUNTS_MS = 2000;
/** For the departures of all of them, and of one; what is left over is read in the next round. */
const READING_MS = 4000;
const ONE_MS = 2000;
const NEAREST = "; nearest on contour: ";

/**
 * Remembers what was told, so that it is told once, and again only when it happened again. What it holds is bounded whatever departs: a
 * digest for each canister that is live or that the verifier names, and the departures of one canister at a time.
 */
export class DepartureWords {
  readonly #known = new Map<string, Known>();
  /** Labels in the order in which they were read last: those that were read long ago, or never, come first. */
  readonly #read = new Set<string>();

  /** What is new of these canisters, and of all live ones that have departures. Each is read when it is asked for. */
  async *news(labels: readonly string[], signal?: AbortSignal): AsyncGenerator<News> {
    const [live, begun] = [await liveNamespaces(), await begunNamespaces()];
    const named = new Set([...live, ...begun].map(({ name }) => name));
    for (const each of [this.#known, this.#read])
      for (const label of each.keys()) if (!named.has(label) && !labels.includes(label)) each.delete(label);
    const ended = labels.filter((label) => !named.has(label)).flatMap(journalOf);
    // What strangers began has a time of its own, so that it takes none of that of root's.
    yield* this.#newsOf([...ended, ...(await liveOf(live))], signal);
    yield* this.#newsOf(await liveOf(begun), signal);
  }

  /** The verifier has taken it. */
  taken({ told: { canister }, known }: News): void {
    this.#known.set(canister, known);
  }

  async *#newsOf(sources: readonly Source[], signal: AbortSignal | undefined): AsyncGenerator<News> {
    const order = [...this.#read];
    const changed = sources
      .filter(({ label, version }) => this.#known.get(label)?.version !== version)
      .sort((one, other) => order.indexOf(one.label) - order.indexOf(other.label));
    let left = READING_MS;
    for (const { label, version, read } of changed) {
      if (left <= 0 || signal?.aborted) return;
      const began = performance.now();
      const found = await gone(() => read(Math.min(ONE_MS, left)));
      left -= performance.now() - began;
      if (found === undefined) {
        this.#over(label);
        continue;
      }
      const departures = wordsOf(found);
      const digest = createHash("sha256").update(JSON.stringify(departures)).digest("hex");
      const known = { digest, version };
      if (departures.length === 0 || this.#known.get(label)?.digest === digest) this.#known.set(label, known);
      else yield { told: { canister: label, departures }, known };
      this.#over(label);
    }
  }

  /** The others come first from now on. */
  #over(label: string): void {
    this.#read.delete(label);
    this.#read.add(label);
  }
}

/** Those that answer in time, and have departures. They are asked at once, for the little that counts are. */
async function liveOf(clients: readonly ControlClient[]): Promise<readonly Source[]> {
  const states = await Promise.all(clients.map((client) => gone(() => client.stateWithin(COUNTS_MS))));
  return clients.flatMap((client, at) => {
    const state = states[at];
    if (state === undefined || state.off === 0) return [];
    const { started, off, refused, points, departures } = state;
    const read = (patience: number) => lastDepartedLive(client, departures, MOST_TOLD, patience);
    return [{ label: client.name, version: JSON.stringify([started, off, refused, points]), read }];
  });
}

/**
 * A journal is looked for by its whole name: another one may begin with it. One that is damaged is not read again until it changes; one
 * that could not be read this time is read in the next round.
 */
function journalOf(label: string): readonly Source[] {
  const found = findJournal(label);
  if (found === undefined) return [];
  const read = async () => {
    try {
      return found.read().departures;
    } catch (fault) {
      if (fault instanceof CliError && fault.code === "bad-report") return [];
      throw fault;
    }
  };
  return [{ label, version: found.version, read }];
}

/** The last ones, which are the new ones. */
function wordsOf(departures: readonly ReadDeparture[]): readonly ToldDeparture[] {
  return departures.slice(-MOST_TOLD).map(({ told, last, refused, count, names, point }) => {
    const { why = "" } = told as { readonly why?: unknown };
    const whole = line(typeof why === "string" ? why : "");
    const [act = whole, nearest] = whole.split(NEAREST, 2);
    const program = names.at(-1);
    return {
      at: last,
      line: act,
      ...(nearest === undefined ? {} : { why: whole, nearest }),
      ...(program === undefined ? {} : { program: line(program) }),
      refused: refused > 0,
      times: count,
      point,
    };
  });
}

/** One line, with no control character and no half of a letter. */
function line(text: string): string {
  return text.slice(0, MOST_LINE).replace(/[\p{Cc}\p{Cs}]/gu, "�");
}

/** Undefined where a namespace ends while it is asked, or its words cannot be read now. The evidence has its numbers in any case. */
async function gone<T>(work: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof CliError || (fault instanceof Error && "syscall" in fault)) return undefined;
    throw fault;
  }
}
