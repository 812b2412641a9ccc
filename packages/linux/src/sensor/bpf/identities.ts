/**
 * Task identities by the numbers that the BPF programs know them by.
 *
 * A number is assigned when an exec is decided. An exec that had gone ahead by then has a pending number of the kernel's
 * own, which means the identity that was decided for it.
 */
import { type Digest, type Task, taskPhrase, ZERO_DIGEST } from "@isoline/core";
import type { Identity } from "../acting.ts";
import { PENDING } from "./record.ts";

/** Names that led to a task: more are not told. */
const MOST_NAMES = 15;
/** Pending numbers are looked up soon after they were given, or never. */
const MOST_PENDING = 65_536;

/** That of a process whose exec was not told of: not the one that it had before, nor anybody's. */
export const UNTOLD: Identity = { serial: -1, id: ZERO_DIGEST, parentId: ZERO_DIGEST, program: "?", chain: [] };

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

  /** Takes in an identity that a predecessor gave its number, in the order in which they were given. */
  restore(identity: Identity): void {
    if (identity.serial === this.#bySerial.length) this.#add(identity);
  }

  /** How many there are: the number of the next. */
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
