/**
 * Departures as this node's supervisors tell them, for people who look at the verifier's page. A verifier proves nothing of them: that
 * something departed is in the evidence, what it was is in these words.
 */
import { begunNamespaces, liveNamespaces } from "../control/directory.ts";
import { later } from "../control/http.ts";
import { departedLive } from "../library/amend/departed-live.ts";
import { readJournalOf } from "../library/amend/journal-file.ts";
import type { Departed } from "../library/amend/departed.ts";
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
  readonly text: string;
}

/** A verifier takes no more at once. */
const MOST_TOLD = 100;
const MOST_LINE = 2000;
const BEGUN_MS = 2000;
const NEAREST = "; nearest on contour: ";

/** Remembers what was told, so that it is told once, and again only when it happened again. */
export class DepartureWords {
  /** By canister, what was told last, as one text. */
  readonly #told = new Map<string, string>();

  /** What is new of these canisters, and of all live ones that have departures. */
  async news(labels: readonly string[]): Promise<readonly News[]> {
    const live = new Map((await liveNamespaces()).map((client) => [client.name, client]));
    const begun = await begunDepartures();
    const news: News[] = [];
    for (const label of new Set([...labels, ...live.keys(), ...begun.keys()])) {
      const client = live.get(label);
      const departed = begun.get(label) ?? (await gone(async () => (client ? departedLive(client) : journalOf(label))));
      const departures = departed === undefined ? [] : wordsOf(departed);
      const text = JSON.stringify(departures);
      if (departures.length === 0 || this.#told.get(label) === text) continue;
      news.push({ told: { canister: label, departures }, text });
    }
    return news;
  }

  /** The verifier has taken it. */
  taken({ told: { canister }, text }: News): void {
    this.#told.set(canister, text);
  }
}

/** Of what processes began for themselves. They are asked at once, so that those that do not answer delay the node's loop only once. */
async function begunDepartures(): Promise<ReadonlyMap<string, Departed>> {
  const clients = await begunNamespaces();
  const told = await Promise.all(
    clients.map((client) => Promise.race([gone(() => departedLive(client)), later(BEGUN_MS)])),
  );
  return new Map(told.flatMap((departed, at) => (departed === undefined ? [] : [[clients[at]?.name ?? "", departed]])));
}

/** The last ones, which are the new ones. */
function wordsOf({ departures }: Departed): readonly ToldDeparture[] {
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

/** A journal is looked for by its whole name: another one may begin with it. */
function journalOf(label: string): Departed | undefined {
  const found = readJournalOf(label);
  return found?.name === label ? found : undefined;
}

/** Undefined where a namespace ends while it is asked, or its words are damaged. The evidence has its numbers in any case. */
async function gone<T>(work: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof CliError) return undefined;
    throw fault;
  }
}
