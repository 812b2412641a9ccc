/** Task identities with their small numbers, by which keys distinguish them, and their chains of names. */
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import { brief, ownCopy } from "@isoline/core/event";
import { type Task, taskPhrase } from "@isoline/core/identity";
import type { Identity } from "../../acting.ts";

/** A workload may make ever new ones. Beyond this number all are forgotten, and one that comes again gets another number. */
const MOST_KEPT = 65_536;
/** Letters of the names, at most: a workload decides how long they are. */
const MOST_LETTERS = 16 * 2 ** 20;
/** The names in a chain: those that led here last. */
const LONGEST_CHAIN = 16;

export class KnownIdentities {
  readonly root: Identity = { serial: 0, id: ZERO_DIGEST, parentId: ZERO_DIGEST, program: "", chain: [] };
  readonly #most: number;
  readonly #known = new Map<Digest, Identity>();
  #letters = 0;
  #next = 1;

  constructor(most = MOST_KEPT) {
    this.#most = most;
  }

  /** No number is ever given to two of them: keys that were made with it would stand for both. */
  of(task: Task, program: string, parent: Identity): Identity {
    if (task.id === ZERO_DIGEST) return this.root;
    const known = this.#known.get(task.id);
    if (known) return known;
    const name = brief(taskPhrase(task));
    const chain = [...parent.chain.slice(1 - LONGEST_CHAIN), name];
    // The name of the program may be a slice of a long path.
    const identity = { serial: this.#next++, id: task.id, parentId: task.parent, program: ownCopy(program), chain };
    if (this.#known.size >= this.#most || this.#letters > MOST_LETTERS) {
      this.#known.clear();
      this.#letters = 0;
    }
    this.#letters += name.length + program.length;
    this.#known.set(task.id, identity);
    return identity;
  }
}
