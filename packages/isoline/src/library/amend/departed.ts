/**
 * Departures that were observed elsewhere: a report, a journal, a live namespace. Each is input from outside, and is read as
 * such: the event is what counts, and its point, its act and its programs are computed from it again.
 */
import { type Digest, isDigest } from "@isoline/core/digest";
import { type Classified, type Consequence, consequences, departureClasses } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import { assertEvent, type Event, eventFromJson, formatAct } from "@isoline/core/event";
import { deriveTask, type Image, type Task } from "@isoline/core/identity";
import { iso1Point } from "@isoline/core/profile";
import { CliError } from "../../error.ts";

/** Departures of one run, and the contour that they departed from. */
export interface Departed {
  /** What they were read from, for messages. */
  readonly source: string;
  readonly policy: string;
  /** The state of the contour. */
  readonly state: string;
  readonly departures: readonly ReadDeparture[];
  readonly tasks: ReadonlyMap<Digest, Task>;
  /** What could not be observed, in words. */
  readonly incomplete: readonly string[];
}

export interface ReadDeparture {
  readonly event: Event;
  readonly point: Digest;
  readonly count: number;
  readonly refused: number;
  readonly guessed: boolean;
  readonly remarks: readonly { readonly what: "changed" | "gone" | "written" | "withheld" | "fs-verity" | "ima" }[];
  /** ISO 8601 in UTC. */
  readonly first: string;
  readonly last: string;
  /** Names of the programs that led to it, and what it is, as the supervisor had it: for display, and for nothing else. */
  readonly names: readonly string[];
  readonly classified: Classified;
  readonly consequence?: Consequence;
  /** The departure as it was read. */
  readonly told: unknown;
}

const MOST_DEPARTURES = 10_000;
const MOST_IMAGES = 16;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const REMARKS = ["changed", "gone", "written", "withheld", "fs-verity", "ima"] as const;

/** What a report, and the first line of a journal, say of the run as a whole. */
export function readHead(json: unknown, source: string): Omit<Departed, "departures" | "tasks"> {
  const head = objectOf(json, source);
  if (head["isoline"] !== 1) throw bad(source, "it is not a report of isoline, or one of another version");
  if (head["profile"] !== "iso1") throw bad(source, `its profile is ${shown(head["profile"])}, expected iso1`);
  const { policy, state } = head;
  if (!isText(policy) || !isDigest(policy) || !isText(state) || !isDigest(state))
    throw bad(source, "it does not say which contour its departures are from");
  return { source, policy, state, incomplete: readLosses(head["incomplete"], source) };
}

/** Reads departures one after the other; the programs that one tells may be those of the next. */
export class DepartureReader {
  readonly departures: ReadDeparture[] = [];
  readonly tasks = new Map<Digest, Task>();
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  read(json: unknown): void {
    if (this.departures.length >= MOST_DEPARTURES) throw bad(this.#source, `more than ${MOST_DEPARTURES} departures`);
    const at = `departure ${this.departures.length + 1}`;
    const departure = objectOf(json, this.#source, at);
    for (const task of listOf(departure["tasks"], this.#source, at)) this.#tell(task, at);
    const event = this.#eventOf(departure["event"], at);
    const point = iso1Point(event);
    if (departure["point"] !== point) throw bad(this.#source, `the point of ${at} is not that of its event`);
    if (departure["act"] !== formatAct(event)) throw bad(this.#source, `the act of ${at} is not its event`);
    const { count, refused, first, last } = departure;
    if (!isCount(count) || !isCount(refused) || refused > count) throw bad(this.#source, `${at} has no sound counts`);
    if (!isTime(first) || !isTime(last)) throw bad(this.#source, `${at} does not say when it was`);
    const remarks = listOf(departure["content"], this.#source, at).map((each) => this.#remarkOf(each, at));
    const names = listOf(departure["chain"], this.#source, at).filter(isText);
    const guessed = departure["guessed"] === true;
    const classified = this.#classOf(departure, at);
    const consequence = consequences.find((each) => each === departure["consequence"]);
    const counts = { count, refused, first, last };
    const asTold = { names, classified, ...(consequence === undefined ? {} : { consequence }), told: json };
    this.departures.push({ event, point, ...counts, remarks, guessed, ...asTold });
  }

  /** Of a journal: new counts of a departure that was read before. */
  readAgain({ again, count, refused, last }: Readonly<Record<string, unknown>>): void {
    const departure = isCount(again) ? this.departures[again] : undefined;
    if (departure === undefined || !isCount(count) || !isCount(refused) || refused > count || !isTime(last))
      throw bad(this.#source, `the counts of departure ${shown(again)} are not sound`);
    this.departures[again as number] = { ...departure, count, refused, last };
  }

  #eventOf(json: unknown, at: string): Event {
    try {
      const event = eventFromJson(json);
      assertEvent(event);
      return event;
    } catch (fault) {
      if (!(fault instanceof IsolineError)) throw fault;
      throw bad(this.#source, `the event of ${at}: ${fault.message}`);
    }
  }

  #tell(json: unknown, at: string): void {
    const { id, parent, images, as, runs } = objectOf(json, this.#source, at);
    const read = listOf(images, this.#source, at).map((image) => this.#imageOf(image, at));
    const isCall =
      (as === undefined || isText(as)) && (runs === undefined || (Array.isArray(runs) && runs.every(isText)));
    if (!isText(parent) || !isDigest(parent) || read.length === 0 || read.length > MOST_IMAGES || !isCall)
      throw bad(this.#source, `a program of ${at} is not whole`);
    const call = { ...(as === undefined ? {} : { as }), ...(runs === undefined ? {} : { runs: runs as string[] }) };
    const task = deriveTask(parent, read as unknown as [Image, ...Image[]], call);
    if (task.id !== id) throw bad(this.#source, `the identity of a program of ${at} is not that of its files`);
    this.tasks.set(task.id, task);
  }

  #imageOf(json: unknown, at: string): Image {
    const { path, digest } = objectOf(json, this.#source, at);
    if (!isText(path) || (digest !== undefined && !(isText(digest) && isDigest(digest))))
      throw bad(this.#source, `a program of ${at} has a file without a path`);
    return digest === undefined ? { path } : { path, digest: digest as Digest };
  }

  #classOf({ class: kind, changed, renamed }: Readonly<Record<string, unknown>>, at: string): Classified {
    const known = departureClasses.find((each) => each === kind);
    if (known === undefined) throw bad(this.#source, `${at} is of a class that is not known: ${shown(kind)}`);
    const texts = (json: unknown, names: readonly string[]) =>
      listOf(json, this.#source, at).map((each) => {
        const change = objectOf(each, this.#source, at);
        if (!names.every((name) => isText(change[name])))
          throw bad(this.#source, `${at} has a change that is not whole`);
        return Object.fromEntries(names.map((name) => [name, change[name]]));
      });
    return {
      class: known,
      contents: texts(changed, ["path", "from", "to"]) as unknown as Classified["contents"],
      moves: texts(renamed, ["from", "to"]) as unknown as Classified["moves"],
    };
  }

  #remarkOf(json: unknown, at: string): ReadDeparture["remarks"][number] {
    const { what } = objectOf(json, this.#source, at);
    const known = REMARKS.find((remark) => remark === what);
    if (known === undefined) throw bad(this.#source, `${at} has a remark that is not known: ${shown(what)}`);
    return { what: known };
  }
}

const ZEROS = "0".repeat(64);
/** A contour may hold deeper chains, but none that a person could review. */
const MOST_DEPTH = 256;

/** The programs from the first of the namespace to the actor; undefined where one of them is not known. */
export function chainOf(event: Event, taskOf: (id: Digest) => Task | undefined): readonly Task[] | undefined {
  const chain: Task[] = [];
  for (let id = event.actor.task; id !== ZEROS; ) {
    const task = taskOf(id);
    if (task === undefined || chain.length >= MOST_DEPTH) return undefined;
    chain.push(task);
    id = task.parent;
  }
  const [own] = chain;
  return event.actor.parent === (own?.parent ?? ZEROS) ? chain.reverse() : undefined;
}

function readLosses(json: unknown, source: string): string[] {
  return listOf(json, source).map((each) => {
    const { reason } = objectOf(each, source, "what is incomplete");
    if (!isText(reason)) throw bad(source, "what is incomplete has no reason");
    return reason;
  });
}

function objectOf(json: unknown, source: string, at = "it"): Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw bad(source, `${at} has ${shown(json)} where an object is expected`);
  return json as Readonly<Record<string, unknown>>;
}

function listOf(json: unknown, source: string, at = "it"): readonly unknown[] {
  if (json === undefined) return [];
  if (!Array.isArray(json)) throw bad(source, `${at} has ${shown(json)} where a list is expected`);
  return json;
}

const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown): value is string => isText(value) && TIME.test(value);

function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return String(JSON.stringify(value)).slice(0, 40);
}

/** A report that cannot be relied on. */
export function bad(source: string, why: string): CliError {
  return new CliError(
    "bad-report",
    `${source}: ${why}; write a report anew: isoline check CONTOUR --report FILE -- COMMAND`,
  );
}
