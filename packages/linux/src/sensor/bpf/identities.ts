/**
 * Task identities by the numbers that the BPF programs know them by.
 *
 * A number is assigned when an exec is decided. An exec that had gone ahead earlier has a pending number of the BPF programs,
 * which stands for the identity that is decided for it later.
 *
 * A workload whose acts go ahead off contour may have ever new identities. Those of living processes are kept, and the last of the others.
 * One that is forgotten is unknown by its number, which is given to no other.
 */
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import { brief, ownCopy } from "@isoline/core/event";
import { type Task, taskPhrase } from "@isoline/core/identity";
import type { ActingProcess, Identity } from "../acting.ts";
import { PENDING } from "./record.ts";

/** The most names of a chain that are shown. */
const MOST_NAMES = 15;
/** So many are kept at least, and roughly twice as many at most, beside those of living processes. */
const MOST_KEPT = 16_384;
/** A pending number is looked up soon after it was given, or never. */
const MOST_PENDING = 65_536;

/** The identity of a process whose exec was lost: not its earlier one, and not that of any other process. */
export const UNTOLD: Identity = { serial: -1, id: ZERO_DIGEST, parentId: ZERO_DIGEST, program: "?", chain: [] };

/** An identity as it is written to the journal for the next supervisor. */
export interface Noted {
  readonly identity: Identity;
  readonly task: Task;
}

export interface IdentitiesOptions {
  readonly living?: () => Iterable<Pick<ActingProcess, "identity">>;
  /** Called after some were forgotten: no number of theirs may be given to a process any more. */
  readonly forgot?: () => void;
  readonly most?: number;
}

export class Identities {
  readonly #living: NonNullable<IdentitiesOptions["living"]>;
  readonly #forgot: NonNullable<IdentitiesOptions["forgot"]>;
  readonly #most: number;
  readonly #byDigest = new Map<Digest, Identity>();
  /** Those that were not used for longest first. */
  readonly #bySerial = new Map<number, Identity>();
  readonly #pending = new Map<number, Identity>();
  #next = 0;
  #room: number;

  constructor({ living = () => [], forgot = () => {}, most = MOST_KEPT }: IdentitiesOptions = {}) {
    this.#living = living;
    this.#forgot = forgot;
    this.#most = most;
    this.#room = 2 * most;
    this.#add({ serial: 0, id: ZERO_DIGEST, parentId: ZERO_DIGEST, program: "", chain: [] });
  }

  /** The identity before the first exec. */
  get root(): Identity {
    return this.#bySerial.get(0) as Identity;
  }

  /** The identity of a task, with a number of its own. */
  of(task: Task, program: string, parent: Identity): Identity {
    const known = this.#byDigest.get(task.id);
    if (known) return known;
    const chain = [...parent.chain.slice(-MOST_NAMES), brief(taskPhrase(task))];
    // The name of the program may be a slice of a long path.
    const named = { program: ownCopy(program), chain };
    const added = this.#add({ serial: this.#next, id: task.id, parentId: task.parent, ...named });
    if (this.#bySerial.size > this.#room) this.#makeRoom();
    return added;
  }

  /**
   * Adds the identities that an earlier supervisor noted in its journal, in the order of their numbers. A note that did not fit into the
   * journal is missing, and its number stands for no identity: it may have been given to a process.
   */
  restoreAll(lines: readonly string[], remember: (task: Task) => void): void {
    for (const line of lines) {
      const { identity, task } = JSON.parse(line) as Partial<Noted>;
      if (identity === undefined || task === undefined) continue;
      this.leaveOut(identity.serial);
      if (identity.serial === this.#next) this.#add(identity);
      remember(task);
    }
  }

  /** Numbers below this one are given to no identity any more. */
  leaveOut(serial: number): void {
    this.#next = Math.max(this.#next, serial);
  }

  /** How many there were, which is the number of the next. */
  get count(): number {
    return this.#next;
  }

  /** Says what a pending number means. */
  assign(pending: number, identity: Identity): void {
    this.#pending.set(pending, identity);
    if (this.#pending.size > MOST_PENDING) this.#pending.delete(this.#pending.keys().next().value as number);
  }

  /** What a number of the BPF programs means; `UNTOLD` if that exec was not decided, or is forgotten. */
  numbered(number: number): Identity {
    return (number >= PENDING ? this.#pending.get(number) : this.#bySerial.get(number)) ?? UNTOLD;
  }

  /** The same for a process that has executed: its program may be in use for long, and is among the last to be forgotten. */
  used(number: number): Identity {
    const identity = this.numbered(number);
    if (this.#bySerial.delete(identity.serial)) this.#bySerial.set(identity.serial, identity);
    return identity;
  }

  #add(identity: Identity): Identity {
    this.#byDigest.set(identity.id, identity);
    this.#bySerial.set(identity.serial, identity);
    this.#next = identity.serial + 1;
    return identity;
  }

  #makeRoom(): void {
    const living = new Set([this.root, ...Array.from(this.#living(), ({ identity }) => identity)]);
    let excess = this.#bySerial.size - this.#most;
    for (const identity of this.#bySerial.values()) {
      if (excess-- <= 0) break;
      if (living.has(identity)) continue;
      this.#bySerial.delete(identity.serial);
      this.#byDigest.delete(identity.id);
    }
    this.#room = this.#bySerial.size + this.#most;
    this.#forgot();
  }
}
