/**
 * The engine as a sensor has it whose engine runs elsewhere.
 *
 * The sensor runs the same engine as the other end, over the same events in the same order, but without the contour: whether an
 * event is on it is asked over the wire, once. So trust, departures and counters are at hand here, a known event is decided without
 * the wire, and what must be refused is decided by this end. The other end decides by itself, and its own are the results that
 * count. If the two differ, one of them is not what it should be, and the wire is given up.
 */
import {
  type Circumstances,
  Engine,
  type EnginePort,
  type Judgement,
  type Mode,
  type Points,
  type Reaction,
  type TrustCause,
} from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import { type Event, encodeEvent, MAX_EVENT_BYTES } from "@isoline/core/event";
import type { Digest } from "@isoline/core/digest";
import { iso1 } from "@isoline/core/profile";
import type { Asker } from "../wire/asker.ts";
import { MOST_SEEN, type ToldCircumstances, type ToldVerdict } from "../wire/messages.ts";

/** Verdicts from this on are off contour: see `engine.ts`. */
const OFF = 0x8000_0000;

export class DistantEngine implements EnginePort {
  readonly #asker: Asker;
  readonly #points: DistantPoints;
  readonly #engine: Engine;
  /** Tasks that the other end knows. */
  readonly #told = new Set<Digest>();

  constructor(asker: Asker, { mode, reaction, points }: { mode: Mode; reaction: Reaction; points: number }) {
    this.#asker = asker;
    this.#points = new DistantPoints(points);
    this.#engine = new Engine({ contour: this.#points, mode, reaction });
    this.trust = new ToldTrust(this.#engine.trust, asker);
  }

  get mode(): Mode {
    return this.#engine.mode;
  }

  get reaction(): Reaction {
    return this.#engine.reaction;
  }

  readonly asks = false;

  get tally(): Engine["tally"] {
    return this.#engine.tally;
  }

  get onGap(): Engine["onGap"] {
    return this.#engine.onGap;
  }

  set onGap(told: Engine["onGap"]) {
    this.#engine.onGap = told;
  }

  get losses(): Engine["losses"] {
    return this.#engine.losses;
  }

  get forensics(): Engine["forensics"] {
    return this.#engine.forensics;
  }

  /** Points of the contour, as far as this end was told. */
  get size(): number {
    return this.#points.size;
  }

  readonly trust: EnginePort["trust"];

  judge(event: Event, circumstances: Circumstances): Judgement {
    const encoded = encoding(event);
    if (encoded instanceof IsolineError) return this.#misunderstood(encoded, circumstances);
    const seen = this.seen(circumstances);
    if (lengthOf(seen) > MOST_SEEN) return this.#misunderstood(TOO_MUCH, circumstances);
    const told = this.#asker.ask({ ask: "judge", event: encoded, seen });
    if (told === undefined) return this.#undecided(circumstances);
    const judgement = this.#judged(event, circumstances, told);
    if (isSame(judgement, told)) return judgement;
    this.#asker.end("the engine decided otherwise than its own answers require");
    return this.#undecided(circumstances);
  }

  repeat(known: number, process: number, sequence: number, count = 1): Judgement {
    const wasTrusted = this.#engine.trust.isTrusted(process);
    const judgement = this.#engine.repeat(known, process, sequence, count);
    if (wasTrusted && known < OFF) this.#asker.count(known, count);
    else this.#asker.note(["repeat", known, process, sequence, count], wasTrusted);
    return judgement;
  }

  repeatUnseen(known: number, count: number): void {
    this.#engine.repeatUnseen(known, count);
    this.#asker.count(known, count);
  }

  loss(reason: string, count = 1, process?: number): boolean {
    this.#asker.note(["loss", reason, count, process ?? null], true);
    return this.#engine.loss(reason, count, process);
  }

  gap(reason: string, count = 1): void {
    this.#asker.note(["gap", reason, count], true);
    this.#engine.gap(reason, count);
  }

  /** Without an answer an event counts as off contour. */
  isOn(event: Event): boolean {
    const encoded = encoding(event);
    return typeof encoded === "string" && this.#asker.ask({ ask: "is-on", event: encoded })?.isOn === true;
  }

  seal(): void {
    this.#engine.seal();
    this.#asker.ask({ ask: "seal" });
  }

  /** What crosses with an event; a task crosses once. */
  seen({ sequence, process, pid, chain, task, guessedLineage, content, isKept }: Circumstances): ToldCircumstances {
    const isNew = task !== undefined && !this.#told.has(task.id);
    if (isNew) this.#told.add(task.id);
    return {
      sequence,
      process,
      pid,
      chain,
      ...(task ? { task: task.id } : {}),
      ...(isNew ? { introduces: task } : {}),
      ...(guessedLineage ? { guessedLineage } : {}),
      ...(content ? { content } : {}),
      ...(isKept ? { isKept } : {}),
    };
  }

  /** An event that cannot be sent is lost at both ends. */
  #misunderstood(fault: IsolineError, { process, isKept }: Circumstances): Judgement {
    this.#asker.note(["misunderstood", fault.code, process, isKept === true], true);
    return this.#engine.misunderstood(fault, { process, ...(isKept ? { isKept } : {}) });
  }

  #judged(event: Event, circumstances: Circumstances, told: ToldVerdict): Judgement {
    if (told.verdict === "lost") {
      const code = told.code ?? "bad-event";
      return this.#engine.misunderstood(new IsolineError(code, "the engine could not read an event"), circumstances);
    }
    this.#points.answer(told);
    return this.#engine.judge(event, circumstances);
  }

  /**
   * The engine is lost: an event that is not known has no verdict. When enforcing it is refused, and whatever a process does that
   * must not depart any more; else it goes ahead, as a loss.
   */
  #undecided({ process, isKept }: Circumstances): Judgement {
    const { mode, reaction, trust } = this.#engine;
    const refuse = this.#engine.loss("the engine behind the wire is lost, so an act was not decided", 1, process);
    const isBarred = mode !== "learn" && reaction !== "log" && !trust.isTrusted(process);
    return { verdict: "lost", refuse: refuse || isBarred || isKept === true, known: 0 };
  }
}

type Port = EnginePort["trust"];

/** The trust of this end, which tells the other end what it is told. */
class ToldTrust implements Port {
  readonly #own: Engine["trust"];
  readonly #asker: Asker;

  constructor(own: Engine["trust"], asker: Asker) {
    this.#own = own;
    this.#asker = asker;
  }

  get everUntrusted(): number {
    return this.#own.everUntrusted;
  }

  get onFall(): Port["onFall"] {
    return this.#own.onFall;
  }

  set onFall(told: Port["onFall"]) {
    this.#own.onFall = told;
  }

  born(process: number, parent: number): void {
    this.#own.born(process, parent);
    this.#asker.note(["born", process, parent]);
  }

  died(process: number): void {
    this.#own.died(process);
    this.#asker.note(["died", process]);
  }

  distrust(process: number, { reason, what }: TrustCause): void {
    this.#own.distrust(process, { reason, what });
    this.#asker.note(["distrust", process, reason, what], true);
  }

  isTrusted(process: number): boolean {
    return this.#own.isTrusted(process);
  }

  trustOf(process: number): ReturnType<Engine["trust"]["trustOf"]> {
    return this.#own.trustOf(process);
  }
}

/** A contour that is elsewhere: what the other end answered about the event that is being judged. */
class DistantPoints implements Points {
  readonly profile = iso1;
  size: number;
  #sealed = false;
  #index = -1;
  #isNew = false;

  constructor(size: number) {
    this.size = size;
  }

  get sealed(): boolean {
    return this.#sealed;
  }

  seal(): void {
    this.#sealed = true;
  }

  answer({ verdict, known, points }: ToldVerdict): void {
    this.#index = verdict === "on" ? known - 1 : -1;
    this.#isNew = points > this.size;
    this.size = points;
  }

  indexOf(): number {
    return this.#index;
  }

  indexOfBytes(): number {
    return this.#index;
  }

  add(): { index: number; point: Digest; added: boolean } {
    return { index: this.#index, point: "" as Digest, added: this.#isNew };
  }

  /** Tasks, occurrences and gaps are the other end's. */
  defineTask(): void {}
  count(): void {}
  flag(): void {}
}

const TOO_MUCH = new IsolineError("bad-event", "what is told of an event is longer than 384 KiB");

/** At least the number of characters: only long chains and long calls can be too long. */
function lengthOf({ chain, introduces }: ToldCircumstances): number {
  const names = chain.reduce((sum, name) => sum + name.length + 3, 0);
  return introduces === undefined && names < MOST_SEEN / 6 ? names : JSON.stringify([chain, introduces]).length;
}

/** An event in base64, or why it has no encoding. */
export function encoding(event: Event): string | IsolineError {
  try {
    const encoded = encodeEvent(event);
    if (encoded.length <= MAX_EVENT_BYTES) return encoded.toString("base64");
    return new IsolineError("bad-event", "an event is longer than 64 KiB");
  } catch (fault) {
    if (fault instanceof IsolineError) return fault;
    throw fault;
  }
}

function isSame(own: Judgement, told: ToldVerdict): boolean {
  return (
    own.verdict === told.verdict &&
    own.refuse === told.refuse &&
    own.known === told.known &&
    own.reaction === told.reaction
  );
}
