/**
 * The decision: an event goes in, a verdict comes out.
 *
 *   mode     an event that is not on the contour            reaction    what becomes of an untrusted process
 *   learn    is added                                       log         nothing
 *   watch    is a departure and goes ahead                  deny        its departures are refused
 *   enforce  is a departure and is refused                  deny-all    all it does is refused
 *                                                           freeze, kill   the sensor is told to
 *
 * The mode decides about the event that costs a process its trust, the reaction about everything that process does from
 * then on. While learning nothing is refused and nothing reacted to; but what an untrusted process does is not learnt.
 *
 * The engine has no clock and does no I/O, so it runs beside the sensor, in a TEE, or in a test alike.
 */
import type { Contour } from "../contour/contour.ts";
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Event } from "../event/event.ts";
import { phrase } from "../event/phrase.ts";
import type { Policy } from "../identity/policy.ts";
import type { Exchange } from "../profile/profile.ts";
import { type Circumstances, type Departure, Forensics, type ForensicsLimits } from "./forensics.ts";
import { Trust } from "./trust.ts";

export type Mode = "learn" | "watch" | "enforce";
export type Reaction = Policy["reaction"];

export interface Judgement<E extends Exchange = Event> {
  /** `lost`: the event could not be understood, so nobody knows; it counts as a loss. */
  readonly verdict: "on" | "off" | "lost";
  /** Whether the sensor must refuse the event. */
  readonly refuse: boolean;
  /** What the sensor must do to the process that acted. */
  readonly reaction?: "freeze" | "kill";
  /**
   * What to remember under the event's raw key and hand to `repeat` when it comes again: 1 to 2³²−1, or 0 where the
   * event must be judged again each time. Good for this engine only.
   */
  readonly known: number;
  /** Off contour, unless there were too many departures to keep them all. */
  readonly departure?: Departure<E>;
  /** Lost, and why. */
  readonly fault?: IsolineError;
}

/** Events by what became of them. */
export interface Tally {
  readonly events: number;
  readonly novel: number;
  readonly off: number;
  readonly refused: number;
}

export interface EngineOptions<E extends Exchange = Event> {
  readonly contour: Contour<E>;
  readonly mode: Mode;
  readonly reaction: Reaction;
  readonly limits?: ForensicsLimits;
}

/** The high bit of a known verdict: off contour; the rest is the index of the departure, all ones for none. */
const OFF = 0x8000_0000;
const UNRECORDED = 0x7fff_ffff;

const ON = { verdict: "on", refuse: false, known: 0 } as const;

/** Decides about the events of one namespace. */
export class Engine<E extends Exchange = Event> {
  readonly trust = new Trust();
  readonly forensics: Forensics<E>;
  readonly #contour: Contour<E>;
  readonly #reaction: Reaction;
  readonly #losses = new Map<string, number>();
  readonly #tally = { events: 0, novel: 0, off: 0, refused: 0 };
  readonly #point = Buffer.alloc(32);
  #mode: Mode;

  constructor(options: EngineOptions<E>) {
    this.#contour = options.contour;
    this.#reaction = options.reaction;
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

  get tally(): Tally {
    return this.#tally;
  }

  /** What never reached a verdict, by reason. Not empty means that whatever was measured is incomplete. */
  get losses(): ReadonlyMap<string, number> {
    return this.#losses;
  }

  /** Decides about an event whose raw key is not known. */
  judge(event: E, circumstances: Circumstances): Judgement<E> {
    const judgement = this.#judge(event, circumstances);
    if (circumstances.isKept !== true || judgement.refuse) return judgement;
    this.#tally.refused += 1;
    return { ...judgement, refuse: true };
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
      const refuse = this.loss(`an event could not be understood (${fault.code})`, 1, circumstances.process);
      return { verdict: "lost", refuse, known: 0, fault };
    }
  }

  /**
   * Decides about `count` events of one process whose raw key is known: `known` is what a judgement said to remember.
   * Allocates nothing while the process keeps to the contour.
   */
  repeat(known: number, process: number, sequence: number, count = 1): Judgement<E> {
    const trusted = this.#believes(process);
    this.#tally.events += count;
    if (known >= OFF) return this.#departAgain(known, process, sequence, count, trusted);
    if (this.#mode === "learn" && trusted) this.#contour.count(known - 1, count);
    return this.#onContour(trusted, count);
  }

  /** Takes note of `count` events that were let go ahead elsewhere, by a verdict that was given before, off contour or on it. */
  repeatUnseen(known: number, count: number): void {
    this.#tally.events += count;
    if (known >= OFF) {
      this.#tally.off += count;
      this.forensics.again(known - OFF, count, false);
    } else if (this.#mode === "learn") this.#contour.count(known - 1, count);
  }

  /**
   * Takes note of events that could not be delivered or resolved: whatever is measured here is incomplete from now on.
   * The result says whether what was lost must be refused, if it still can be.
   */
  loss(reason: string, count = 1, process?: number): boolean {
    this.gap(reason, count);
    const trusted = process === undefined || this.#believes(process);
    const refuse = this.#mode === "enforce" || this.#refuses("on", trusted);
    if (refuse) this.#tally.refused += count;
    return refuse;
  }

  /** Takes note of what was not seen and went its way: whatever is measured here is incomplete. */
  gap(reason: string, count = 1): void {
    this.#losses.set(reason, (this.#losses.get(reason) ?? 0) + count);
    if (this.#mode === "learn") this.#contour.flag(reason, count);
  }

  /** Ends learning, for good. */
  seal(): void {
    if (this.#mode !== "learn") return;
    this.#contour.seal();
    this.#mode = "watch";
  }

  /** From now on refuses what is off contour, for good. */
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

  /** An event whose encoding is `bytes` long, and whose point has just been looked for. */
  #depart(event: E, bytes: number, circumstances: Circumstances, trusted: boolean): Judgement<E> {
    const { process, sequence } = circumstances;
    const point = this.#point.toString("hex") as Digest;
    const refuse = circumstances.isKept === true || this.#refuses("off", trusted);
    const index = this.forensics.record({ event, point, first: circumstances }, bytes, refuse);
    this.#tally.novel += 1;
    this.#distrust(process, () => this.#say(event), sequence);
    // While learning, a trusted process may yet put this very event on the contour.
    const known = this.#mode === "learn" ? 0 : (OFF | (index < 0 ? UNRECORDED : index)) >>> 0;
    return { ...this.#answer("off", trusted, 1), known, ...this.#departure(index) };
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
    const reacts = this.#mode !== "learn" && (this.#reaction === "freeze" || this.#reaction === "kill");
    return { verdict, refuse, known: 0, ...(reacts && { reaction: this.#reaction as "freeze" | "kill" }) };
  }

  #refuses(verdict: "on" | "off", trusted: boolean): boolean {
    if (this.#mode === "learn") return false;
    if (verdict === "off" && this.#mode === "enforce") return true;
    if (trusted) return false;
    return this.#reaction === "deny-all" || (this.#reaction === "deny" && verdict === "off");
  }

  /** Whoever acts without having been born is of unknown lineage, and stays so even if its birth is reported later. */
  #believes(process: number): boolean {
    if (this.trust.isTrusted(process)) return true;
    const standing = this.trust.trustOf(process);
    if (!standing.trusted) this.trust.distrust(process, standing.cause);
    return false;
  }

  /** What it did is put into words for the first time only. */
  #distrust(process: number, say: () => string, sequence: number): void {
    if (this.trust.isTrusted(process)) this.trust.distrust(process, { reason: "off-contour", what: say(), sequence });
  }

  #departure(index: number): { departure?: Departure<E> } {
    const departure = this.forensics.departure(index);
    return departure === undefined ? {} : { departure };
  }
}
