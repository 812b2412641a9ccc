/**
 * The decision: an event goes in, a verdict comes out.
 *
 *   mode     an event that is off the contour               reaction    to an untrusted process
 *   learn    is added                                       log         none
 *   watch    is a departure and goes ahead                  deny        its departures are refused
 *   enforce  is a departure and is refused                  deny-all    everything it does is refused
 *                                                           freeze, kill   the sensor freezes or kills it
 *
 * The mode applies to the event by which a process loses trust. The reaction applies to everything that this process does
 * afterwards. While learning, nothing is refused and no reaction happens, but acts of an untrusted process are not learnt.
 *
 * Where a person is asked (`asks`), an off-contour act of a trusted process waits for an answer instead: it may happen once, it is
 * refused, or it is refused and costs the process its trust. Whatever an untrusted process does off contour is refused then, because
 * no question is put about it.
 *
 * The engine has no clock and does no I/O, so it runs beside the sensor, in a TEE or in a test without a change.
 */
import { assertSuperset } from "../contour/comparable.ts";
import { Contour } from "../contour/contour.ts";
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { brief } from "../event/brief.ts";
import type { Event } from "../event/event.ts";
import { phrase } from "../event/phrase.ts";
import type { Policy } from "../identity/policy.ts";
import type { Exchange } from "../profile/profile.ts";
import { type Answer, type Circumstances, type Departure, Forensics, type ForensicsLimits } from "./forensics.ts";
import { Trust } from "./trust.ts";

export type Mode = "learn" | "watch" | "enforce";
export type Reaction = Policy["reaction"];

export interface Judgement<E extends Exchange = Event> {
  /**
   * `lost`: the event could not be understood, so it has no verdict. It counts as a loss. `asked`: a person has to decide first; the
   * sensor holds the act, and asks again once there is an answer. Until then nothing is counted or recorded.
   */
  readonly verdict: "on" | "off" | "lost" | "asked";
  /** Whether the sensor must refuse the event. */
  readonly refuse: boolean;
  /** The reaction that the sensor must carry out on the process that acted. */
  readonly reaction?: "freeze" | "kill";
  /**
   * The value to remember under the event's raw key and to pass to `repeat` when the event comes again: 1 to 2³²−1, or 0 if the
   * event must be judged again each time. Valid for this engine only.
   */
  readonly known: number;
  /** The departure, if the event is off contour and there was room to record it. */
  readonly departure?: Departure<E>;
  /** The reason of a loss. */
  readonly fault?: IsolineError;
  /** Of an act that is asked about. */
  readonly point?: Digest;
}

/** The number of events by verdict. */
export interface Tally {
  readonly events: number;
  readonly novel: number;
  readonly off: number;
  readonly refused: number;
}

/** Where an engine looks points up and adds them: a contour, or a contour that another machine holds. */
export type Points<E extends Exchange = Event> = Pick<
  Contour<E>,
  "profile" | "sealed" | "seal" | "indexOf" | "indexOfBytes" | "add" | "defineTask" | "count" | "flag"
>;

/** What a sensor needs of an engine, whether it runs beside the sensor or elsewhere. */
export type EnginePort<E extends Exchange = Event> = Pick<
  Engine<E>,
  | "mode"
  | "reaction"
  | "asks"
  | "tally"
  | "losses"
  | "onGap"
  | "forensics"
  | "judge"
  | "repeat"
  | "repeatUnseen"
  | "loss"
  | "gap"
  | "isOn"
  | "seal"
> & {
  readonly trust: Pick<Trust, "born" | "died" | "distrust" | "isTrusted" | "trustOf" | "everUntrusted" | "onFall">;
};

export interface EngineOptions<E extends Exchange = Event> {
  readonly contour: Points<E>;
  readonly mode: Mode;
  readonly reaction: Reaction;
  readonly limits?: ForensicsLimits;
  /** Whether a person is asked about the off-contour acts of trusted processes. */
  readonly asks?: boolean | undefined;
}

/** The high bit of a known verdict: off contour. The other bits are the index of the departure; all ones stand for none. */
const OFF = 0x8000_0000;
const UNRECORDED = 0x7fff_ffff;

/** Reasons of losses that are told apart, and letters of each. A fault may say what a workload has chosen. */
const MOST_REASONS = 256;
const MOST_OF_REASON = 1000;
const FURTHER = "for further reasons, of which there are too many to tell them apart";

const ON = { verdict: "on", refuse: false, known: 0 } as const;

/** Decides about the events of one namespace. */
export class Engine<E extends Exchange = Event> {
  readonly trust = new Trust();
  readonly forensics: Forensics<E>;
  /** Called for each loss, before its event goes ahead if it still waits. */
  onGap: ((reason: string, count: number) => void) | undefined;
  #contour: Points<E>;
  readonly #reaction: Reaction;
  readonly #asks: boolean;
  readonly #losses = new Map<string, number>();
  readonly #tally = { events: 0, novel: 0, off: 0, refused: 0 };
  readonly #point = Buffer.alloc(32);
  #mode: Mode;

  constructor(options: EngineOptions<E>) {
    this.#contour = options.contour;
    this.#reaction = options.reaction;
    this.#asks = options.asks === true && options.mode !== "learn";
    this.#mode = options.mode;
    this.forensics = new Forensics(options.limits);
    if (this.#mode !== "learn") this.#contour.seal();
    else if (this.#contour.sealed)
      throw new IsolineError("sealed", "the contour is sealed, so nothing can be learnt; watch");
  }

  get mode(): Mode {
    return this.#mode;
  }

  get reaction(): Reaction {
    return this.#reaction;
  }

  /** Whether a person is asked about the off-contour acts of trusted processes. */
  get asks(): boolean {
    return this.#asks;
  }

  get tally(): Tally {
    return this.#tally;
  }

  /** Losses by reason. If it is not empty, everything that was measured is incomplete. */
  get losses(): ReadonlyMap<string, number> {
    return this.#losses;
  }

  /** Decides about an event whose raw key is not known. */
  judge(event: E, circumstances: Circumstances): Judgement<E> {
    return this.#keeping(circumstances, this.#judge(event, circumstances));
  }

  /** What the namespace must not reach is refused whatever else is true of the act. */
  #keeping({ isKept }: Pick<Circumstances, "isKept">, judgement: Judgement<E>): Judgement<E> {
    if (isKept !== true || judgement.refuse) return judgement;
    this.#tally.refused += 1;
    return { ...judgement, refuse: true };
  }

  /**
   * Goes on under a contour that permits more: the same profile, policy, base and aggregate, and every point of the present one.
   * Anything else is refused with `not-comparable`. Not while learning. Off-contour verdicts that were given to be remembered hold
   * no longer. Trust that was lost stays lost.
   */
  amend(contour: Contour<E>): void {
    if (this.#mode === "learn")
      throw new IsolineError(
        "not-comparable",
        "a contour that is being learnt is not amended; merge into its file instead",
      );
    if (!(this.#contour instanceof Contour))
      throw new IsolineError("not-comparable", "the contour is held elsewhere, where it cannot be amended");
    assertSuperset(this.#contour, contour);
    contour.seal();
    this.#contour = contour;
  }

  #judge(event: E, circumstances: Circumstances): Judgement<E> {
    const trusted = this.#believes(circumstances.process);
    this.#tally.events += 1;
    try {
      if (this.#mode === "learn" && trusted) return this.#learn(event, circumstances);
      const { profile } = this.#contour;
      const encoding = profile.encode(event);
      profile.pointInto(event, encoding, this.#point, 0);
      const index = this.#contour.indexOfBytes(this.#point);
      if (index >= 0) return { ...this.#onContour(trusted, 1), known: index + 1 };
      return this.#depart(event, encoding.length, circumstances, trusted);
    } catch (fault) {
      if (!(fault instanceof IsolineError)) throw fault;
      return this.#misunderstood(fault, circumstances.process);
    }
  }

  /** Counts an event that could not be understood: it is lost. */
  misunderstood(fault: IsolineError, circumstances: Pick<Circumstances, "process" | "isKept">): Judgement<E> {
    this.#believes(circumstances.process);
    this.#tally.events += 1;
    return this.#keeping(circumstances, this.#misunderstood(fault, circumstances.process));
  }

  #misunderstood(fault: IsolineError, process: number): Judgement<E> {
    const refuse = this.loss(`an event could not be understood (${fault.code})`, 1, process);
    return { verdict: "lost", refuse, known: 0, fault };
  }

  /** Whether an event is on the contour as it is now. Decides nothing. */
  isOn(event: E): boolean {
    return this.#contour.indexOf(event) >= 0;
  }

  /**
   * Decides about `count` events of one process whose raw key is known. `known` is the value that a judgement said to remember.
   * Allocates nothing while the process stays on the contour.
   */
  repeat(known: number, process: number, sequence: number, count = 1): Judgement<E> {
    const trusted = this.#believes(process);
    this.#tally.events += count;
    if (known >= OFF) return this.#departAgain(known, process, sequence, count, trusted);
    if (this.#mode === "learn" && trusted) this.#contour.count(known - 1, count);
    return this.#onContour(trusted, count);
  }

  /** Counts `count` events that the BPF programs let go ahead by an earlier verdict: on contour. */
  repeatUnseen(known: number, count: number): void {
    this.#tally.events += count;
    if (this.#mode === "learn") this.#contour.count(known - 1, count);
  }

  /**
   * Records events that could not be delivered or resolved. Everything measured here is incomplete from now on. The result
   * tells whether the lost events must be refused, if they still can be.
   */
  loss(reason: string, count = 1, process?: number): boolean {
    this.gap(reason, count);
    const trusted = process === undefined || this.#believes(process);
    const refuse = this.#mode === "enforce" || this.#refuses("on", trusted);
    if (refuse) this.#tally.refused += count;
    return refuse;
  }

  /** Records events that went ahead unobserved. Everything measured here is incomplete from now on. */
  gap(why: string, count = 1): void {
    const said = brief(why, MOST_OF_REASON);
    const reason = this.#losses.has(said) || this.#losses.size < MOST_REASONS ? said : FURTHER;
    this.#losses.set(reason, (this.#losses.get(reason) ?? 0) + count);
    if (this.#mode === "learn") this.#contour.flag(reason);
    // A listener may know a loss of its own by the words: they are not folded for it.
    this.onGap?.(said, count);
  }

  /** Ends learning. It cannot begin again. */
  seal(): void {
    if (this.#mode !== "learn") return;
    this.#contour.seal();
    this.#mode = "watch";
  }

  /** From now on, refuses events that are off contour. This cannot be undone. */
  enforce(): void {
    this.seal();
    this.#mode = "enforce";
  }

  #learn(event: E, { task }: Circumstances): Judgement<E> {
    if (task !== undefined) this.#contour.defineTask(task);
    const { index, added } = this.#contour.add(event);
    if (added) this.#tally.novel += 1;
    return { ...ON, known: index + 1 };
  }

  #onContour(trusted: boolean, count: number): Judgement<E> {
    if (trusted || this.#mode === "learn") return ON;
    return this.#answer("on", trusted, count);
  }

  /** Judges an event whose encoding is `bytes` long and whose point has just been looked up. */
  #depart(event: E, bytes: number, circumstances: Circumstances, trusted: boolean): Judgement<E> {
    const { process, sequence } = circumstances;
    const point = this.#point.toString("hex") as Digest;
    if (this.#asks && trusted && circumstances.isKept !== true) {
      const answer = circumstances.answerTo?.(point) ?? "refuse";
      if (answer !== "ask") return this.#answered(answer, { event, point, first: circumstances }, bytes);
      this.#tally.events -= 1;
      return { verdict: "asked", refuse: true, known: 0, point };
    }
    const refuse = circumstances.isKept === true || this.#refuses("off", trusted);
    const index = this.forensics.record({ event, point, first: circumstances }, bytes, refuse);
    this.#tally.novel += 1;
    this.#distrust(process, () => this.#say(event), sequence);
    // While learning, a trusted process may still add this event to the contour; and where a person is asked, it has to be asked.
    const isOpen = this.#mode === "learn" || this.#asks;
    const known = isOpen ? 0 : (OFF | (index < 0 ? UNRECORDED : index)) >>> 0;
    return { ...this.#answer("off", trusted, 1), known, ...this.#departure(index) };
  }

  /** An off-contour act that a person has decided about. It is a departure whatever the answer was. */
  #answered(answer: Answer, what: Pick<Departure<E>, "event" | "point" | "first">, bytes: number): Judgement<E> {
    const refuse = answer !== "once";
    const index = this.forensics.record(what, bytes, refuse);
    this.#tally.novel += 1;
    this.#tally.off += 1;
    if (refuse) this.#tally.refused += 1;
    const told = { verdict: "off", refuse, known: 0, ...this.#departure(index) } as const;
    if (answer !== "distrust") return told;
    this.#distrust(what.first.process, () => this.#say(what.event), what.first.sequence);
    return { ...told, ...this.#reacts() };
  }

  #departAgain(known: number, process: number, sequence: number, count: number, trusted: boolean): Judgement<E> {
    const index = known - OFF;
    const departure = this.forensics.departure(index);
    this.forensics.again(index, count, this.#refuses("off", trusted));
    this.#distrust(process, () => (departure ? this.#say(departure.event) : "one of too many to record"), sequence);
    return { ...this.#answer("off", trusted, count), ...this.#departure(index) };
  }

  #say(event: E): string {
    const { profile } = this.#contour;
    return profile.name === "iso1" ? phrase(event as unknown as Event) : profile.formatAct(event);
  }

  #answer(verdict: "on" | "off", trusted: boolean, count: number): Judgement<E> {
    const refuse = this.#refuses(verdict, trusted);
    if (verdict === "off") this.#tally.off += count;
    if (refuse) this.#tally.refused += count;
    return { verdict, refuse, known: 0, ...this.#reacts() };
  }

  #reacts(): { readonly reaction?: "freeze" | "kill" } {
    const { mode } = this;
    return mode !== "learn" && (this.#reaction === "freeze" || this.#reaction === "kill")
      ? { reaction: this.#reaction }
      : {};
  }

  #refuses(verdict: "on" | "off", trusted: boolean): boolean {
    if (this.#mode === "learn") return false;
    if (verdict === "off" && this.#mode === "enforce") return true;
    if (trusted) return false;
    if (verdict === "off" && this.#asks) return true;
    return this.#reaction === "deny-all" || (this.#reaction === "deny" && verdict === "off");
  }

  /** A process that acts without a recorded birth has an unknown lineage. It stays so even if its birth is reported later. */
  #believes(process: number): boolean {
    if (this.trust.isTrusted(process)) return true;
    const standing = this.trust.trustOf(process);
    if (!standing.trusted) this.trust.distrust(process, standing.cause);
    return false;
  }

  /** The act is described in words only the first time. */
  #distrust(process: number, say: () => string, sequence: number): void {
    if (this.trust.isTrusted(process)) this.trust.distrust(process, { reason: "off-contour", what: say(), sequence });
  }

  #departure(index: number): { departure?: Departure<E> } {
    const departure = this.forensics.departure(index);
    return departure === undefined ? {} : { departure };
  }
}
