/**
 * Departures: off-contour events, one entry for each point, with the data that explains them.
 *
 * The memory is bounded, because a hostile workload decides how many departures there are and how long their paths are. A
 * departure that does not fit is counted, so that "three departures" and "three departures and a million more" read
 * differently.
 */
import type { Digest } from "../digest.ts";
import { ownCopy } from "../event/brief.ts";
import type { Event } from "../event/event.ts";
import type { Task } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";

/**
 * A remark about a file's content beside its digest. It is not part of a point: the same content gives the same point, however
 * it was verified.
 */
export interface ContentRemark {
  /**
   * `changed`, `gone`: the file was replaced or removed before its content was read, so that the content is not known.
   * `written`: another process had the file open for writing, so that the code that runs may differ from the content that was
   * read. `withheld`: a process that decides about opens (fanotify) refused the read. `fs-verity`: the kernel makes the file
   * immutable and verifies what is read against a digest. `ima`: the kernel itself computed the digest, of the very file that
   * was used.
   */
  readonly what: "changed" | "gone" | "written" | "withheld" | "fs-verity" | "ima";
  readonly path: string;
  /** The digest that the kernel verifies, as `ALGORITHM:HEX`. */
  readonly digest?: string;
}

/** Which process acted, when, and from where: what the sensor knows about one event beside its identity. */
export interface Circumstances {
  /** Position in the order of events of the namespace, from 1. */
  readonly sequence: number;
  /** Handle of the process (see `trust.ts`) and its pid, in the sensor's pid namespace. */
  readonly process: number;
  readonly pid: number;
  /** Names of the programs that led to the actor, outermost first, the actor's own last: `["npm ci", "sh", "node"]`. */
  readonly chain: readonly string[];
  /** The data from which the actor's task identity was derived, where the sensor has it. */
  readonly task?: Task;
  /** The parent ended before the sensor could read it, so the task identity is a guess. */
  readonly guessedLineage?: boolean;
  /** Remarks about the files whose content counts. */
  readonly content?: readonly ContentRemark[];
  /** The act targets what the namespace must not reach (its supervisor). It is refused in every mode, on or off contour. */
  readonly isKept?: true;
  /**
   * Where a person is asked: the answer about an off-contour act of a trusted process, by its point; `ask` if there is none yet.
   * Absent for an act that is not asked about, which is refused.
   */
  readonly answerTo?: ((point: Digest) => Answer | "ask") | undefined;
}

/** A person's answer about one off-contour act: it may happen, it is refused, or it is refused and costs the process its trust. */
export type Answer = "once" | "refuse" | "distrust";

/** One off-contour point and its first occurrence. */
export interface Departure<E extends Exchange = Event> {
  readonly point: Digest;
  readonly event: E;
  /** The first occurrence. */
  readonly first: Circumstances;
  /** How often the event occurred, and how many of these occurrences were refused. */
  readonly count: number;
  readonly refused: number;
  /** Its task, unless a departure before it was of the same task. */
  readonly introduces?: Task;
}

export interface ForensicsLimits {
  readonly maxDepartures?: number;
  /**
   * Bytes of the encoded events, and letters of the names of their chains, of their tasks and of remarks about content; this bounds the
   * memory of departures.
   */
  readonly maxBytes?: number;
}

type Entry<E extends Exchange> = { -readonly [K in keyof Departure<E>]: Departure<E>[K] };

/** The departures of one namespace. */
export class Forensics<E extends Exchange = Event> {
  readonly #maxDepartures: number;
  readonly #maxBytes: number;
  readonly #entries: Entry<E>[] = [];
  readonly #byPoint = new Map<Digest, number>();
  readonly #tasks = new Map<Digest, Task>();
  #bytes = 0;
  #overflow = 0;

  constructor(limits: ForensicsLimits = {}) {
    this.#maxDepartures = limits.maxDepartures ?? 10_000;
    this.#maxBytes = limits.maxBytes ?? 32 * 1024 * 1024;
  }

  /** Every departure, in order of first occurrence. */
  get departures(): readonly Departure<E>[] {
    return this.#entries;
  }

  /** Number of off-contour events that no recorded departure covers. */
  get overflow(): number {
    return this.#overflow;
  }

  departure(index: number): Departure<E> | undefined {
    return this.#entries[index];
  }

  /** The identity of a task that departed, so that the lineage of its descendants can be told. */
  unknownTask(id: Digest): Task | undefined {
    return this.#tasks.get(id);
  }

  /** Records one off-contour event whose encoding is `bytes` long. Returns the index of its departure, or −1 if it was only counted. */
  record(what: Pick<Departure<E>, "event" | "point" | "first">, bytes: number, refused: boolean): number {
    const index = this.#byPoint.get(what.point) ?? this.#open(what, bytes);
    this.again(index, 1, refused);
    return index;
  }

  /** Counts off-contour events whose departure is known already; −1 stands for none. */
  again(index: number, count: number, refused: boolean): void {
    // The number is compared first: V8 treats an array index below 0 as a property name and looks it up.
    const entry = index < 0 ? undefined : this.#entries[index];
    if (entry === undefined) {
      this.#overflow += count;
      return;
    }
    entry.count += count;
    if (refused) entry.refused += count;
  }

  #open(what: Pick<Departure<E>, "event" | "point" | "first">, encoded: number): number {
    if (this.#entries.length >= this.#maxDepartures) return -1;
    const { point, event, first } = what;
    // A sensor may forget a task and derive it again: of each, one is kept.
    const known = first.task && this.#tasks.get(first.task.id);
    const task = known ?? first.task;
    const isNew = task !== undefined && known === undefined;
    const bytes = encoded + lettersOf(first) + (isNew ? lettersOfTask(task) : 0);
    if (this.#bytes + bytes > this.#maxBytes) return -1;
    this.#bytes += bytes;
    const introduces = isNew ? { introduces: task } : {};
    const { answerTo: _, ...seen } = first;
    const told = task === undefined ? seen : { ...seen, task };
    const entry = { point, event: copyOf(event), first: told, count: 0, refused: 0, ...introduces };
    const index = this.#entries.push(entry) - 1;
    this.#byPoint.set(what.point, index);
    if (isNew) this.#tasks.set(task.id, task);
    return index;
  }
}

function lettersOf({ chain, content = [] }: Circumstances): number {
  const names = chain.reduce((sum, name) => sum + name.length, 0);
  return content.reduce((sum, { path, digest = "" }) => sum + path.length + digest.length, names);
}

function lettersOfTask({ images, as = "", runs = [] }: Task): number {
  const texts = [as, ...runs, ...images.map(({ path }) => path)];
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/**
 * The departure is copied instead of kept as passed. V8 allocates objects of an allocation site in the old generation once most
 * objects of that site survive, and continues to do so long after the last departure that fits (440 bytes an event). Its texts are
 * copied as well: a slice would keep the whole text alive that it was cut from.
 */
function copyOf<T>(value: T): T {
  if (typeof value === "string") return ownCopy(value) as T;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copyOf(each)])) as T;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
