/** A model whose engine runs at the other end of a wire, as the sensor's end has it. */
import { createHash, createPrivateKey } from "node:crypto";
import { type Contour, parseContour, writeContour } from "@isoline/core/contour";
import { type Circumstances, consequenceOf, type Departure, type Mode } from "@isoline/core/engine";
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { type Event, phrase } from "@isoline/core/event";
import type { Policy, Task } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { CliError } from "../error.ts";
import { publicKey } from "../store/signature/keys.ts";
import { parseAddress } from "../wire/address.ts";
import { Asker } from "../wire/asker.ts";
import { refused } from "../wire/faults.ts";
import { agreed, greeting } from "../wire/handshake.ts";
import { type Facts, PIECE_BYTES } from "../wire/messages.ts";
import { quoteVerifier } from "../wire/measured-proof.ts";
import { keyProver, keyVerifier, type Verifier } from "../wire/proof.ts";
import { within } from "../wire/stream.ts";
import { openTransport } from "../wire/transport.ts";
import { DistantEngine, encoding } from "./distant-engine.ts";
import type { ContourState } from "./live.ts";
import type { Bond, ExplainedDeparture, ExplainedEvent, Model, Portable } from "./model.ts";
import type { EnginePlan } from "./plan.ts";

/** What a namespace begins with. */
export interface Beginning {
  readonly contour: Contour;
  readonly policy: Policy;
  readonly mode: Mode;
  /** Whether the contour begins with this run. */
  readonly isNew: boolean;
}

/** For agreeing on keys, and for each piece of a contour; the engine reads the whole of it at once. */
const BEGINNING_MS = 60_000;
/** A page of departures is explained, or a piece of the contour written. */
const PAGE_MS = 30_000;
const LOST = "the engine is lost, so what comes nearest on the contour is not known";
const COUNTED_OTHERWISE = "the engine counted otherwise than its sensor";

export class DistantModel implements Model {
  readonly engine: DistantEngine;
  readonly policy: Policy;
  /** As it was when the run began. */
  readonly contour: Contour;
  readonly #address: string;
  readonly #asker: Asker;
  readonly #tasks = new Map<Digest, Task>();
  #facts: Facts;

  private constructor(plan: EnginePlan, { contour, policy, mode }: Beginning, asker: Asker, facts: Facts) {
    this.contour = contour;
    this.policy = policy;
    this.engine = new DistantEngine(asker, { mode, reaction: policy.reaction, points: facts.points });
    this.#address = plan.address;
    this.#asker = asker;
    this.#facts = facts;
  }

  /** Connects to the engine and hands it the contour. Throws whatever is wrong, so that nothing is started. */
  static open(plan: EnginePlan, beginning: Beginning, onLost: (why: string) => void): DistantModel {
    const { contour, mode, isNew } = beginning;
    const text = isNew ? Buffer.alloc(0) : Buffer.from([...writeContour(contour)].join(""));
    const topic = {
      contour: isNew ? Buffer.alloc(32) : sha256(text),
      aggregate: Buffer.from(contour.aggregate, "hex"),
    };
    const transport = openTransport(parseAddress(plan.address), plan.address, BEGINNING_MS);
    try {
      const identity = { prover: keyProver(createPrivateKey(plan.key)), verifier: verifierOf(plan) };
      const { frames } = agreed(greeting(transport, topic, identity, within(BEGINNING_MS)));
      let hasBegun = false;
      const asker = new Asker(frames, plan.milliseconds, (why) => {
        if (hasBegun) onLost(why);
      });
      const facts = begin(asker, text, mode, isNew ? contour.policy : null);
      if (facts === undefined) throw refused(asker.lost ?? "");
      if (!isOf(facts, contour)) throw refused("the engine has another contour than it was given");
      hasBegun = true;
      return new DistantModel(plan, beginning, asker, facts);
    } catch (fault) {
      transport.close();
      if (!(fault instanceof IsolineError)) throw fault;
      throw new CliError("engine-refused", `${plan.address}: ${fault.message}`, { cause: fault });
    }
  }

  get points(): number {
    return this.engine.size;
  }

  state(): ContourState {
    const facts = this.#asker.ask({ ask: "facts" }, PAGE_MS);
    if (facts !== undefined) this.#facts = facts;
    const { profile, policy, state, measurement } = this.#facts;
    // What was true some time ago must not be taken for what is true now.
    if (facts === undefined)
      return { profile, policy, points: this.points, state: ZERO_DIGEST, measurement: ZERO_DIGEST };
    if (!isSameTally(facts.tally, this.engine.tally)) this.engine.gap(COUNTED_OTHERWISE);
    return { profile, policy, points: facts.points, state, measurement };
  }

  /** Without the engine nothing is claimed: the digests are zeros, which no behaviour has. */
  portable(binds: Bond | undefined): Portable {
    return (
      this.#asker.ask({ ask: "portable", binds: binds ?? null }, PAGE_MS) ?? {
        state: ZERO_DIGEST,
        measurement: ZERO_DIGEST,
        points: this.points,
        bound: binds === undefined ? null : ZERO_DIGEST,
      }
    );
  }

  lineageOf({ actor }: Event, { task }: Circumstances): readonly Task[] {
    if (task !== undefined) this.#tasks.set(task.id, task);
    const line: Task[] = [];
    for (let at = this.#taskOf(actor.task); at !== undefined; at = this.#taskOf(at.parent)) line.unshift(at);
    return line;
  }

  explain(event: Event, circumstances: Circumstances): ExplainedEvent {
    const encoded = encoding(event);
    const told =
      typeof encoded === "string"
        ? this.#asker.ask({ ask: "explain", event: encoded, seen: this.engine.seen(circumstances) })
        : undefined;
    return told ?? unexplained(event, circumstances);
  }

  explained(from: number, count: number): readonly ExplainedDeparture[] {
    const own = this.engine.forensics.departures.slice(from, from + count);
    if (own.length === 0) return [];
    const told = this.#asker.ask({ ask: "departures", from }, PAGE_MS)?.departures.slice(0, count);
    if (told !== undefined && told.length > 0 && told.every(({ point }, index) => point === own[index]?.point))
      return told;
    this.#asker.end("the engine recorded other departures than its sensor");
    return own.map(unexplainedDeparture);
  }

  /** Fetches the contour; `engine-lost` if the engine has it no more. */
  finalContour(): Contour {
    const pieces: Buffer[] = [];
    for (let from = 0, isLast = false; !isLast; from += 1) {
      const piece = this.#asker.ask({ ask: "contour", from }, PAGE_MS) ?? this.#isGone();
      pieces.push(Buffer.from(piece.content, "base64"));
      isLast = piece.isLast;
    }
    const contour = parseContour(Buffer.concat(pieces), { profile: iso1 }) as Contour;
    for (let from = 0, isLast = false; !isLast; ) {
      const page = this.#asker.ask({ ask: "occurrences", from }, PAGE_MS) ?? this.#isGone();
      for (const [point, count] of page.counts) contour.count(contour.indexOfPoint(point as Digest), count);
      from += page.counts.length;
      isLast = page.isLast || page.counts.length === 0;
    }
    return contour;
  }

  close(): void {
    this.#asker.close();
  }

  #isGone(): never {
    throw new CliError(
      "engine-lost",
      `the engine at ${this.#address} is lost (${this.#asker.lost}), and with it what was learnt since the last checkpoint; nothing was written, so learn again`,
    );
  }

  #taskOf(id: Digest): Task | undefined {
    return this.#tasks.get(id) ?? this.contour.task(id);
  }
}

function verifierOf({ proves }: EnginePlan): Verifier {
  if ("nodes" in proves) return quoteVerifier(proves);
  return keyVerifier(
    "engine",
    proves.map((key) => ({ name: key.name, key: publicKey(key) })),
  );
}

function isOf({ state, policy, points }: Facts, contour: Contour): boolean {
  return state === contour.state() && policy === contour.policyDigest && points === contour.size;
}

function begin(asker: Asker, text: Buffer, mode: Mode, policy: string | null): Facts | undefined {
  if (asker.ask({ ask: "open", mode, policy, bytes: text.length }, BEGINNING_MS) === undefined) return undefined;
  for (let at = 0; at < text.length; at += PIECE_BYTES) {
    const content = text.subarray(at, at + PIECE_BYTES).toString("base64");
    if (asker.ask({ ask: "piece", content }, BEGINNING_MS) === undefined) return undefined;
  }
  return asker.ask({ ask: "begin" }, BEGINNING_MS);
}

function isSameTally(one: Facts["tally"], other: Facts["tally"]): boolean {
  return (["events", "novel", "off", "refused"] as const).every((name) => one[name] === other[name]);
}

function unexplained(event: Event, { chain }: Pick<Circumstances, "chain">): ExplainedEvent {
  const why = `${chain.at(-1) === undefined ? "the first process" : `\`${chain.at(-1)}\``} ${phrase(event)}; ${LOST}`;
  return { consequence: consequenceOf(event).consequence, why };
}

function unexplainedDeparture({ event, first, point, introduces }: Departure): ExplainedDeparture {
  const rest = { class: "new", changed: [], renamed: [], isNewTask: introduces !== undefined } as const;
  return { point, ...unexplained(event, first), ...rest };
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
