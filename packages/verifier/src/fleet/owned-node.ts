/** A node that this verifier owns: what it said last, in memory, and one piece of work on it at a time. */
import { createHash } from "node:crypto";
import { type Accepted, readAccepted, writeAccepted } from "@isoline/attest/appraise";
import { readNode } from "@isoline/attest/enrol";
import type { PublicArea } from "@isoline/attest/tpm";
import type { NodeRow, Released, State } from "../store/index.ts";
import { KeptFacts } from "./proven-facts.ts";

/** An answer that was given; the same evidence once more gets the same. */
export interface Given {
  readonly digest: string;
  readonly answer: unknown;
}

/** What the last evidence affirmed of a node, and until when its result is valid. */
export interface Affirmed {
  readonly until: Date;
  /** Labels of the canisters that were affirmed. */
  readonly canisters: ReadonlySet<string>;
}

export class OwnedNode {
  readonly name: string;
  readonly id: string;
  readonly tenant: string;
  readonly labels: Readonly<Record<string, string>>;
  /** SHA-256 of its token, in hexadecimal. */
  readonly token: string;
  state: State;
  accepted: Accepted | undefined;
  seen: Date | undefined;
  /** Of the verdict that is written; undefined: not known yet. */
  imprint: string | undefined;
  given: Given | undefined;
  /** In memory alone: after another verifier took the node over, it is known with the next evidence. */
  affirmed: Affirmed | undefined;
  /** Of its logs. */
  readonly proven = new KeptFacts();
  /** Whether memory knows more than the database. */
  isAhead = false;
  #work: Promise<unknown> = Promise.resolve();
  #document: string;
  #key: PublicArea | undefined;

  constructor(row: NodeRow) {
    this.name = row.name;
    this.id = row.id;
    this.tenant = row.tenant;
    this.labels = row.labels;
    this.#document = row.document;
    this.token = row.token;
    this.state = row.state;
    this.accepted = row.accepted === null ? undefined : readAccepted(row.accepted);
    this.seen = row.seen ?? undefined;
  }

  /** Its attestation key. Read when it is first asked for: a verifier takes over thousands of nodes at once. */
  get key(): PublicArea {
    this.#key ??= readNode(Buffer.from(this.#document)).attestationKey;
    this.#document = "";
    return this.#key;
  }

  /** Work on one node happens in turns: two pieces of evidence at once must not both be the next one. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#work.then(work, work);
    this.#work = turn.catch(() => {});
    return turn;
  }

  released(): Released {
    const accepted = this.isAhead && this.accepted !== undefined ? writeAccepted(this.accepted) : null;
    return { name: this.name, accepted, seen: this.seen ?? null };
  }
}

export const tokenDigest = (token: string): string => createHash("sha256").update(token).digest("hex");
