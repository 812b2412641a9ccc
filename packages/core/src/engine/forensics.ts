/**
 * Departures: off-contour events, once per point, with what is needed to answer *why*.
 *
 * Bounded, because a hostile workload decides how many there are and how long their paths: what does not fit is counted,
 * so that "three departures" and "three departures and a million more" read differently.
 */
import type { Digest } from "../digest.ts";
import type { Event } from "../event/event.ts";
import type { Task } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";

/** What is to be said of a file's content beside its digest. It is no part of a point: the same content is the same, whoever vouches. */
export interface ContentRemark {
  /**
   * `changed`, `gone`: the file was not there any more as it was used, so that its content is not known. `written`: something
   * had it open for writing, so that what runs may be something else than what was read. `withheld`: a process
   * that decides about opens kept it from us. `fs-verity`: the
   * kernel lets nobody change it, and keeps a digest by which it checks whatever is read. `ima`: the kernel itself computed the
   * digest, of the file that it was asked about.
   */
  readonly what: "changed" | "gone" | "written" | "withheld" | "fs-verity" | "ima";
  readonly path: string;
  /** What the kernel vouches by, as `ALGORITHM:HEX`. */
  readonly digest?: string;
}

/** Who did it, when and from where: what the sensor knows about one event beside its identity. */
export interface Circumstances {
  /** Position in the order of events of the namespace, from 1. */
  readonly sequence: number;
  /** Handle of the process (see `trust.ts`) and its pid, in the sensor's pid namespace. */
  readonly process: number;
  readonly pid: number;
  /** Names of the programs that led here, outermost first, the actor's own last: `["npm ci", "sh", "node"]`. */
  readonly chain: readonly string[];
  /** What the actor's task identity was derived from, where the sensor knows. */
  readonly task?: Task;
  /** The parent was gone before it could be seen, so the task identity is a guess. */
  readonly guessedLineage?: boolean;
  /** Of the files whose content counts. */
  readonly content?: readonly ContentRemark[];
  /** It is done to what the namespace must not reach (its supervisor), and is refused in every mode, on contour or not. */
  readonly isKept?: true;
}

/** One off-contour point and how it came about. */
export interface Departure<E extends Exchange = Event> {
  readonly point: Digest;
  readonly event: E;
  /** The first occurrence. */
  readonly first: Circumstances;
  /** How often it was tried, and how many of these times it was refused. */
  readonly count: number;
  readonly refused: number;
}

export interface ForensicsLimits {
  readonly maxDepartures?: number;
  /** Bytes of the encoded events and the names of their chains, which bound the memory that departures hold. */
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

  /** Off-contour events that no departure above tells of. */
  get overflow(): number {
    return this.#overflow;
  }

  departure(index: number): Departure<E> | undefined {
    return this.#entries[index];
  }

  /** A task that departed, by its identity, so that the lineage of what it started can be told. */
  stranger(id: Digest): Task | undefined {
    return this.#tasks.get(id);
  }

  /**
   * Records one off-contour event whose encoding is `bytes` long; the result is the index of its departure, or −1 where it
   * was only counted.
   */
  record(what: Pick<Departure<E>, "event" | "point" | "first">, bytes: number, refused: boolean): number {
    const index = this.#byPoint.get(what.point) ?? this.#open(what, bytes);
    this.again(index, 1, refused);
    return index;
  }

  /** Counts off-contour events whose departure (or −1) is known already. */
  again(index: number, count: number, refused: boolean): void {
    // Asked of the number: an array that is asked for a place below its first looks for a property of that name.
    const entry = index < 0 ? undefined : this.#entries[index];
    if (entry === undefined) {
      this.#overflow += count;
      return;
    }
    entry.count += count;
    if (refused) entry.refused += count;
  }

  #open(what: Pick<Departure<E>, "event" | "point" | "first">, encoded: number): number {
    const bytes = what.first.chain.reduce((sum, name) => sum + name.length, encoded);
    if (this.#entries.length >= this.#maxDepartures || this.#bytes + bytes > this.#maxBytes) return -1;
    this.#bytes += bytes;
    const { point, event, first } = what;
    const entry = { point, event: copyOf(event), first: { ...first }, count: 0, refused: 0 };
    const index = this.#entries.push(entry) - 1;
    this.#byPoint.set(what.point, index);
    if (what.first.task !== undefined) this.#tasks.set(what.first.task.id, what.first.task);
    return index;
  }
}

/**
 * What is kept is not what was handed in: once V8 has seen that most of what some code makes is kept, it puts all that this code
 * makes among what is old, and it stays there long after the last departure that there was room for (440 bytes an event).
 */
function copyOf<E extends Exchange>(event: E): E {
  const fields = Object.entries(event).map(([name, value]) => [name, isRecord(value) ? { ...value } : value]);
  return Object.fromEntries(fields) as E;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
