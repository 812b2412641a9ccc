/** A node that this verifier owns: what it said last, in memory, and one piece of work on it at a time. */
import { createHash } from "node:crypto";
import { type Accepted, readAccepted, writeAccepted } from "@isoline/attest/appraise";
import { madeAt } from "../challenge/challenge.ts";
import { VerifierError } from "../error.ts";
import type { NodeRow, Released, State } from "../store/index.ts";
import { type EnrolledAs, enrolledAs } from "./enrolled-as.ts";
import { KeptFacts } from "./proven-facts.ts";

/** A challenge that is further ahead of the clock is refused (docs/spec/challenge.md), also where it is this clock that was set back. */
const AHEAD_MS = 60_000;

/** An answer that was given; the same evidence once more gets the same. */
export interface Given {
  readonly digest: string;
  /** Undefined: it is too large to be kept. */
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
  /**
   * The lease that it was taken under. What is judged of it is written under this one: work that goes on for longer than the lease is
   * refused, also where this verifier has taken the node anew since.
   */
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
  /** SHA-256 of its token, in hexadecimal. */
  readonly token: string;
  state: State;
  accepted: Accepted | undefined;
  seen: Date | undefined;
  /** Seconds until its next evidence, as the last answer told it; undefined: it was told by another verifier, or before a start of this. */
  due: number | undefined;
  /**
   * From when on it is silent, by the clock of `performance.now()`, which is never set: of one that another verifier gave back, as that one
   * knew it.
   */
  silent: number;
  /** Of the verdict that is written; null: not known. */
  imprint: string | null;
  given: Given | undefined;
  /** In memory alone: after another verifier took the node over, it is known with the next evidence. */
  affirmed: Affirmed | undefined;
  /** Of its logs. */
  readonly proven = new KeptFacts();
  /** Whether memory knows more than the database. */
  isAhead = false;
  /** When it was enrolled, in milliseconds since 1970. */
  readonly #since: number;
  /** When a verdict on evidence that proved nothing was written last; such a one may be written again some time later. */
  #unproven: number;
  /** When the last challenge was made that was answered. In memory alone. */
  #answered = 0;
  #work: Promise<unknown> = Promise.resolve();
  /** How many pieces of work wait that others give way to. */
  #urgent = 0;
  #giveWay: (() => void) | undefined;
  #document: string;
  #enrolled: EnrolledAs | undefined;

  /** `silentMs`: for how long it has been silent. */
  constructor(row: NodeRow, silentMs = 0) {
    this.name = row.name;
    this.id = row.id;
    this.tenant = row.tenant;
    this.owner = row.owner ?? "";
    this.labels = row.labels;
    this.#document = row.document;
    this.token = row.token;
    this.#since = row.enrolled.getTime();
    this.state = row.state;
    this.accepted = row.accepted === null ? undefined : readAccepted(row.accepted);
    this.seen = row.seen ?? undefined;
    this.silent = performance.now() - Math.max(0, silentMs);
    this.imprint = row.imprint;
    // What is refused may have been written a moment ago, by the verifier that had the node before.
    const isRefused = row.state === "unverifiable" || row.state === "contraindicated";
    this.#unproven = isRefused ? performance.now() : Number.NEGATIVE_INFINITY;
  }

  /** The key that it was enrolled by. Read when it is first asked for: a verifier takes over thousands of nodes at once. */
  get enrolled(): EnrolledAs {
    this.#enrolled ??= enrolledAs(this.#document);
    this.#document = "";
    return this.#enrolled;
  }

  /**
   * What a node said before it was enrolled anew is not told once more: after a revocation no clock of a TPM stands against it.
   *
   * Evidence by a TPM is in the order of its clock. Where there is none, it is in the order of the challenges: otherwise a node could keep
   * what it said before something happened, and say it afterwards. Refuses with `challenge-refused` a challenge that is not later than the
   * last one that this verifier heard. One that is far ahead was heard before this verifier's clock was set back, and holds up nothing:
   * else the node would be refused until that time came. So it is with an enrolment that is far ahead.
   */
  assertLater(challenge: Uint8Array): void {
    if (this.#since <= Date.now() + AHEAD_MS && madeAt(challenge) < this.#since)
      throw new VerifierError(
        "challenge-refused",
        `expected a challenge that was given after ${this.name} was enrolled, got an earlier one; ask for another`,
      );
    if (this.enrolled.is === "tpm") return;
    if (this.#answered > Date.now() + AHEAD_MS) this.#answered = 0;
    if (madeAt(challenge) <= this.#answered)
      throw new VerifierError(
        "challenge-refused",
        `expected a challenge that was given after that of the last evidence of ${this.name}, got an earlier one; ask for another`,
      );
  }

  /** From now on the challenge has to be later than this one. */
  heard(challenge: Uint8Array): void {
    this.#answered = madeAt(challenge);
  }

  /** Whether no verdict on evidence that proved nothing was written within so many seconds. */
  mayBeRefused(seconds: number, now = performance.now()): boolean {
    return now - this.#unproven >= seconds * 1000;
  }

  /** A verdict on evidence that proved nothing is written. */
  refused(now = performance.now()): void {
    this.#unproven = now;
  }

  /** Work on one node happens in turns: two pieces of evidence at once must not both be the next one. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#work.then(work, work);
    this.#work = turn.catch(() => {});
    return turn;
  }

  /**
   * The same for what people decide: evidence that waits for a turn is refused, and does not keep it waiting. A verdict that is
   * being written does.
   */
  urgent<T>(work: () => Promise<T>): Promise<T> {
    this.#urgent++;
    this.#giveWay?.();
    return this.alone(() => {
      this.#urgent--;
      return work();
    });
  }

  /** Waits, as a part of work on this node. Refuses as soon as there is urgent work: nothing may be begun after this. */
  async givingWay(turn: Promise<void>): Promise<void> {
    if (this.#urgent === 0)
      await Promise.race([turn, new Promise<void>((letGo) => (this.#giveWay = letGo))]).finally(() => {
        this.#giveWay = undefined;
      });
    if (this.#urgent > 0)
      throw new VerifierError(
        "owned-elsewhere",
        `${this.name}: it is being revoked, retired or enrolled anew, or given to another verifier for that; send it again in a second`,
      );
  }

  /** For how long it has been silent, up to a time of the same clock. */
  silentMs(until = performance.now()): number {
    return Math.max(0, until - this.silent);
  }

  released(silentMs: number | null): Released {
    const accepted = this.isAhead && this.accepted !== undefined ? writeAccepted(this.accepted) : null;
    return { name: this.name, accepted, seen: this.seen ?? null, silentMs };
  }
}

/** Whether a node of this state becomes stale without evidence. */
export const isWatched = (state: State): boolean => state !== "revoked" && state !== "stale" && state !== "unknown";

export const tokenDigest = (token: string): string => createHash("sha256").update(token).digest("hex");
