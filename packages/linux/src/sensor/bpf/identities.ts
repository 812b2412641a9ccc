/**
 * Task identities by the numbers that the BPF programs know them by.
 *
 * A number is assigned when an exec is decided. An exec that had gone ahead earlier has a pending number of the BPF programs,
 * which stands for the identity that is decided for it later.
 */
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import { type Task, taskPhrase } from "@isoline/core/identity";
import type { Identity } from "../acting.ts";
import { PENDING } from "./record.ts";

/** The most names of a chain that are shown. */
const MOST_NAMES = 15;
/** A pending number is looked up soon after it was given, or never. */
const MOST_PENDING = 65_536;

/** The identity of a process whose exec was lost: not its earlier one, and not that of any other process. */
export const UNTOLD: Identity = { serial: -1, id: ZERO_DIGEST, parentId: ZERO_DIGEST, program: "?", chain: [] };

/** An identity as it is written to the journal for the next supervisor. */
export interface Noted {
  readonly identity: Identity;
  readonly task: Task;
}

export class Identities {
  readonly #byDigest = new Map<Digest, Identity>();
  readonly #bySerial: Identity[] = [];
  readonly #pending = new Map<number, Identity>();

  constructor() {
    this.#add({ serial: 0, id: ZERO_DIGEST, parentId: ZERO_DIGEST, program: "", chain: [] });
  }

  /** The identity before the first exec. */
  get root(): Identity {
    return this.#bySerial[0] as Identity;
  }

  /** The identity of a task, with a number of its own. */
  of(task: Task, program: string, parent: Identity): Identity {
    const known = this.#byDigest.get(task.id);
    if (known) return known;
    const chain = [...parent.chain.slice(-MOST_NAMES), taskPhrase(task)];
    return this.#add({ serial: this.#bySerial.length, id: task.id, parentId: task.parent, program, chain });
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
      if (identity.serial === this.#bySerial.length) this.#add(identity);
      remember(task);
    }
  }

  /** Numbers below this one are given to no identity any more. */
  leaveOut(serial: number): void {
    while (this.#bySerial.length < serial) this.#bySerial.push(UNTOLD);
  }

  /** How many there are, which is the number of the next. */
  get count(): number {
    return this.#bySerial.length;
  }

  /** Says what a pending number means. */
  assign(pending: number, identity: Identity): void {
    this.#pending.set(pending, identity);
    if (this.#pending.size > MOST_PENDING) this.#pending.delete(this.#pending.keys().next().value as number);
  }

  /** What a number of the BPF programs means; `UNTOLD` if that exec was not decided. */
  numbered(number: number): Identity {
    return (number >= PENDING ? this.#pending.get(number) : this.#bySerial[number]) ?? UNTOLD;
  }

  #add(identity: Identity): Identity {
    this.#byDigest.set(identity.id, identity);
    this.#bySerial.push(identity);
    return identity;
  }
}
