/**
 * A node that attests by itself: it sends evidence when its challenge is due, and at once when something happened. The next challenge
 * rides in each answer. Nothing that a verifier answers or does not answer changes what runs on the node.
 */
import { createHash } from "node:crypto";
import { type Evidence, writeEvidence } from "@isoline/attest/evidence";
import { IsolineError } from "@isoline/core/error";
import { KeptLedger } from "../attest/kept-ledger.ts";
import { type EvidenceOrder, makeEvidence } from "../attest/make-evidence.ts";
import type { ControlClient } from "../control/client.ts";
import { liveNamespaces } from "../control/directory.ts";
import { usualLedgers } from "../register/plan.ts";
import { readBounded, Unfit } from "../store/bounded-file.ts";
import { Happenings } from "./happenings.ts";
import { json } from "./join.ts";
import { MachineKey } from "./machine-key.ts";
import { type AttestedAnswer, attested, challenged } from "./model.ts";
import { type EnrolledAt, serverOf } from "./node-place.ts";
import { backOff, sleep } from "./patience.ts";
import { SentLogs } from "./sent-logs.ts";
import { FleetRefusal, type FleetServer } from "./server.ts";
import { settledEvidence } from "./settled-evidence.ts";
import { DepartureWords } from "./told-departures.ts";

/** What the loop tells: each verdict, and why evidence could not be made or was not taken. */
export interface AttestingTold {
  readonly onVerdict?: (answer: AttestedAnswer, because: "due" | "happened") => void;
  /** `seconds` until it is tried again. */
  readonly onFailure?: (why: string, seconds: number) => void;
  /** What was done, or not taken, beside the verdict: runs that were closed, departures in words, or a contour. */
  readonly onRemark?: (why: string) => void;
}

export interface AttestingOrder extends AttestingTold {
  readonly enrolled: EnrolledAt;
  /** Ends the loop. */
  readonly signal: AbortSignal;
  /** Directory of the ledgers; the node's usual one if left out. */
  readonly ledgers?: string | undefined;
  /** Whether evidence has the report of the confidential machine that this node is; without a TPM it always has. */
  readonly tee?: boolean | undefined;
  /** How evidence is made; asks the supervisors of this node if left out. */
  readonly evidence?: (challenge: Uint8Array) => Promise<Evidence>;
}

const MOST_CONTOUR = 16 * 1024 * 1024;
/** Whatever a verifier says: not more often, and not more seldom. */
const LEAST_DUE_SECONDS = 2;
const MOST_DUE_SECONDS = 24 * 3600;
const UNKNOWN_SECONDS = 60;
/** A challenge that is asked for once more and refused once more is not the challenge's fault. */
const STALE = new Set([400, 409]);
/** The verifier asks to be left alone for a while. */
const WAITING = new Set([429, 503]);

/** Attests until the signal. A verifier that does not know this node, or has revoked it, is asked again once in 60 to 90 seconds. */
export async function attestToFleet(order: AttestingOrder): Promise<void> {
  const happenings = new Happenings(order.ledgers ?? usualLedgers());
  const attesting = new Attesting(order);
  try {
    await attesting.run(happenings);
  } finally {
    happenings.close();
    attesting.close();
  }
}

class Attesting {
  readonly #order: AttestingOrder;
  readonly #server: FleetServer;
  readonly #words = new DepartureWords();
  readonly #logs = new SentLogs();
  readonly #ledger = new KeptLedger();
  readonly #path: string;
  /** What is asked for and was sent. Each is sent once: a verifier that asks for it again and again has another trouble. */
  readonly #contours = new Set<string>();
  #challenge: string | undefined;

  constructor(order: AttestingOrder) {
    this.#order = order;
    this.#server = serverOf(order.enrolled);
    this.#path = `/v1/nodes/${encodeURIComponent(order.enrolled.name)}`;
  }

  async run(happenings: Happenings): Promise<void> {
    const { signal, onFailure } = this.#order;
    let because: "due" | "happened" = "due";
    for (let failures = 0; !signal.aborted; ) {
      try {
        const due = await this.#once(because);
        failures = 0;
        because = (await happenings.next(due * 1000, signal)) ? "happened" : "due";
      } catch (fault) {
        if (signal.aborted) return;
        if (!(fault instanceof IsolineError)) throw fault;
        failures += 1;
        const ms = backOff(failures, secondsAfter(fault));
        onFailure?.(fault.message, Math.ceil(ms / 1000));
        await sleep(ms, signal);
      }
    }
  }

  close(): void {
    this.#server.close();
    this.#ledger.close();
  }

  /** One round: evidence, its verdict, and what the verifier asks for beside it. Returns the seconds until the next. */
  async #once(because: "due" | "happened"): Promise<number> {
    const answer = await this.#sent();
    this.#challenge = answer.challenge;
    this.#order.onVerdict?.(answer, because);
    await this.#beside("departures", () => this.#tellDepartures(answer));
    let isSent = false;
    const taken = () => {
      isSent = true;
    };
    await this.#beside("contours", () => this.#sendContours(answer.need, taken));
    // The verdict is another one once the verifier has the contours.
    return isSent ? 0 : within(answer.due);
  }

  /** A challenge may have grown too old while the node slept: then another one is asked for, once. */
  async #sent(): Promise<AttestedAnswer> {
    const kept = this.#challenge;
    this.#challenge = undefined;
    try {
      return await this.#send(kept ?? (await this.#asked()));
    } catch (fault) {
      if (kept === undefined || !(fault instanceof FleetRefusal) || !STALE.has(fault.status)) throw fault;
      return this.#send(await this.#asked());
    }
  }

  async #asked(): Promise<string> {
    const { signal } = this.#order;
    return (await this.#server.ask(`${this.#path}/challenge`, challenged, { signal })).challenge;
  }

  async #send(challenge: string): Promise<AttestedAnswer> {
    const { signal, enrolled, ledgers, tee, onRemark } = this.#order;
    const bytes = Uint8Array.from(Buffer.from(challenge, "hex"));
    const make =
      this.#order.evidence ??
      ((asked) => makeEvidence({ challenge: asked, ...rootOf(enrolled, tee), ledgers, onRemark }, this.#ledger));
    const evidence = await settledEvidence(
      () => make(bytes),
      signal,
      (ledger) => this.#ledger.replayed(ledger),
    );
    const whole = writeEvidence(evidence);
    const delta = this.#logs.deltaOf(evidence, whole);
    this.#logs.forget();
    const answer =
      (delta && (await this.#posted("attestations/delta", challenge, delta).catch(wholeIsNeeded))) ??
      (await this.#posted("attestations", challenge, whole));
    this.#logs.answered(evidence, answer.kept);
    return answer;
  }

  #posted(path: string, challenge: string, body: Uint8Array): Promise<AttestedAnswer> {
    const headers = { "content-type": "application/cbor", "isoline-challenge": challenge };
    const { signal } = this.#order;
    return this.#server.ask(`${this.#path}/${path}`, attested, { method: "POST", headers, body, signal });
  }

  async #tellDepartures({ canisters = [] }: AttestedAnswer): Promise<void> {
    const off = canisters.filter(({ state }) => state !== "affirming").map(({ label }) => label);
    await oneByOne(this.#words.news(off, this.#order.signal), async (news) => {
      try {
        await this.#server.text(`${this.#path}/departures`, { ...json(news.told), signal: this.#order.signal });
      } catch (fault) {
        // The verifier has not judged a canister of this label yet, and the verdict says why. It is told of this later.
        const isJudged = canisters.some(({ label }) => label === news.told.canister);
        if (!isJudged && fault instanceof FleetRefusal && fault.status === 404) return;
        throw fault;
      }
      this.#words.taken(news);
    });
  }

  /** Sends the contours that are asked for, where a live namespace has loaded one. `taken` is called for each that was taken. */
  async #sendContours(need: AttestedAnswer["need"], taken: () => void): Promise<void> {
    const asked = (need ?? []).map((each) => each.slice("contour:".length));
    // One that the verifier had, and has no longer, is sent again.
    for (const sent of this.#contours) if (!asked.includes(sent)) this.#contours.delete(sent);
    const wanted = new Set(asked.filter((digest) => !this.#contours.has(digest)));
    if (wanted.size === 0) return;
    await oneByOne(await liveNamespaces(), async (client) => {
      const contour = await contourOf(client);
      if (contour === undefined || !wanted.delete(contour.digest)) return;
      const file = readBounded(contour.path, MOST_CONTOUR, "follow");
      if (file instanceof Unfit || createHash("sha256").update(file).digest("hex") !== contour.digest) return;
      const body = { method: "PUT", headers: { "content-type": "text/plain; charset=utf-8" }, body: file } as const;
      await this.#server.text(`/v1/contours/${contour.digest}`, { ...body, signal: this.#order.signal });
      this.#contours.add(contour.digest);
      taken();
    });
  }

  /** What is beside a verdict must not keep the next one from coming. */
  async #beside(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (fault) {
      if (!this.#order.signal.aborted) this.#order.onRemark?.(`${what}: ${(fault as Error).message}`);
    }
  }
}

/**
 * Sends what is of one canister each. What a verifier refuses of one keeps back nothing of its neighbours: the first refusal is thrown
 * when all were tried. A verifier that is gone, or asks to wait, is asked no further.
 */
async function oneByOne<T>(items: Iterable<T> | AsyncIterable<T>, send: (item: T) => Promise<void>): Promise<void> {
  let first: FleetRefusal | undefined;
  for await (const item of items) {
    try {
      await send(item);
    } catch (fault) {
      if (!(fault instanceof FleetRefusal) || WAITING.has(fault.status)) throw fault;
      first ??= fault;
    }
  }
  if (first !== undefined) throw first;
}

/** The contour file of a namespace; undefined where there is none, or the namespace does not answer: the evidence says that. */
async function contourOf(
  client: ControlClient,
): Promise<{ readonly path: string; readonly digest: string } | undefined> {
  try {
    const contour = (await client.attest(undefined))?.contour;
    return contour?.digest ? { path: contour.path, digest: contour.digest } : undefined;
  } catch (fault) {
    if (fault instanceof IsolineError) return undefined;
    throw fault;
  }
}

/** A verifier that has the logs no longer, or knows no deltas, as an older one beside it. The same challenge counts for the whole. */
function wholeIsNeeded(fault: unknown): undefined {
  if (fault instanceof FleetRefusal && (fault.reason === "full-log-needed" || fault.status === 404)) return undefined;
  throw fault;
}

/** What the evidence of this node rests on. A node without a TPM always adds the report of its machine, about its own key. */
export function rootOf({ tpm, machineKey }: EnrolledAt, tee: boolean | undefined): Pick<EvidenceOrder, "tpm" | "tee"> {
  if (machineKey !== undefined) {
    const own = MachineKey.of(machineKey);
    return { tee: { key: own.info, signs: (statement) => own.signed(statement) } };
  }
  return { tpm, tee: tee === true ? {} : undefined };
}

/** What the verifier asks to wait; and a while where only a person can help: the node is unknown to it, or revoked. */
function secondsAfter(fault: IsolineError): number {
  if (!(fault instanceof FleetRefusal)) return 0;
  return Math.max(fault.retryAfter ?? 0, [401, 403, 404].includes(fault.status) ? UNKNOWN_SECONDS : 0);
}

const within = (seconds: number): number => Math.min(MOST_DUE_SECONDS, Math.max(LEAST_DUE_SECONDS, seconds));
