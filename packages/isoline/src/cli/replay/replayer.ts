/** Runs recorded events through the engine: the result that a live namespace would have had. */
import { Contour } from "@isoline/core/contour";
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import { Engine, type Mode, SUPERVISOR } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import { taskPhrase, type Task } from "@isoline/core/identity";
import type { Exchange, Profile } from "@isoline/core/profile";
import { Measured } from "./measured.ts";
import type { Recorded } from "./recordings.ts";
import type { TsemModel } from "./tsem-model.ts";

/** The contour or model that recorded events are compared with, if any. */
export type Yardstick =
  | { readonly kind: "contour"; readonly contour: Contour<Exchange> }
  | { readonly kind: "model"; readonly model: TsemModel }
  /** Every event is added to it. */
  | { readonly kind: "learn"; readonly contour: Contour<Exchange> }
  | { readonly kind: "none" };

/** The first occurrence of an off-contour point. */
export interface OffContour {
  readonly sequence: number;
  readonly point: Digest;
  readonly act: string;
}

/** Recordings do not identify processes, so one stands for all: a replay does not track trust. */
const PROCESS = 1;
const MOST_DEPARTURES = 10_000;

export class Replayer {
  readonly #profile: Profile<Exchange>;
  readonly #yardstick: Yardstick;
  readonly #engine: Engine<Exchange> | undefined;
  readonly #tasks = new Map<Digest, Task>();
  readonly #verdicts = new WeakMap<Exchange, number>();
  readonly #scratch = Buffer.alloc(32);
  readonly #outside = new Map<string, number>();
  readonly departures: OffContour[] = [];
  #base: Digest;
  #aggregate: Digest;
  #fixed: boolean;
  #measured: Measured | undefined;
  events = 0;
  off = 0;

  constructor(
    profile: Profile<Exchange>,
    yardstick: Yardstick,
    { base, aggregate }: { readonly base?: Digest | undefined; readonly aggregate?: Digest | undefined },
  ) {
    const known =
      yardstick.kind === "model" ? yardstick.model : yardstick.kind === "none" ? undefined : yardstick.contour;
    this.#profile = profile;
    this.#yardstick = yardstick;
    this.#base = base ?? known?.base ?? ZERO_DIGEST;
    this.#aggregate = aggregate ?? known?.aggregate ?? ZERO_DIGEST;
    this.#fixed = aggregate !== undefined || yardstick.kind === "contour" || yardstick.kind === "model";
    if (yardstick.kind === "contour" || yardstick.kind === "learn") {
      const mode: Mode = yardstick.kind === "learn" ? "learn" : "watch";
      this.#engine = new Engine({ contour: yardstick.contour, mode, reaction: "log" });
      this.#engine.trust.born(PROCESS, SUPERVISOR);
    }
  }

  get engine(): Engine<Exchange> | undefined {
    return this.#engine;
  }

  get measured(): Measured {
    this.#measured ??= new Measured(this.#base, this.#aggregate);
    return this.#measured;
  }

  /** Number of events without a point or with an error, by reason. */
  get incomplete(): readonly { readonly reason: string; readonly count: number }[] {
    const losses = [...this.#outside, ...(this.#engine?.losses ?? [])];
    return losses.map(([reason, count]) => ({ reason, count }));
  }

  take(recorded: Recorded): void {
    switch (recorded.kind) {
      case "event":
        this.events += 1;
        this.#judge(recorded.event);
        return;
      case "task":
        this.#tasks.set(recorded.task.id, recorded.task);
        if (this.#yardstick.kind === "learn") this.#yardstick.contour.defineTask(recorded.task);
        return;
      case "aggregate":
        this.#takeAggregate(recorded.aggregate);
        return;
      case "outside":
        this.#leaveOut(recorded.reason, recorded.count ?? 1);
        return;
    }
  }

  /** From the first program of the namespace to the one that acts, as far as the recording has it. */
  chainOf(id: Digest): string[] {
    const chain: string[] = [];
    for (let task = this.#tasks.get(id); task && chain.length < 64; task = this.#tasks.get(task.parent))
      chain.unshift(taskPhrase(task));
    return chain;
  }

  task(id: Digest): Task | undefined {
    return this.#tasks.get(id);
  }

  #leaveOut(reason: string, count: number): void {
    this.events += count;
    this.#outside.set(reason, (this.#outside.get(reason) ?? 0) + count);
    if (this.#yardstick.kind === "learn") this.#yardstick.contour.flag(reason);
  }

  /** A reader returns the same object for the same event, so verdicts are looked up by the object. */
  #judge(event: Exchange): void {
    const known = this.#verdicts.get(event);
    if (known !== undefined) {
      this.#again(known);
      return;
    }
    this.#profile.pointInto(event, this.#profile.encode(event), this.#scratch, 0);
    const point = this.#scratch.toString("hex") as Digest;
    const isNew = this.measured.add(point);
    const [off, verdict] = this.#decide(event, point);
    if (off) {
      this.off += 1;
      if (isNew && this.departures.length < MOST_DEPARTURES)
        this.departures.push({ sequence: this.events, point, act: this.#profile.formatAct(event) });
    }
    this.#verdicts.set(event, verdict);
  }

  /** The engine's verdict, and the value to remember; for a model without events, 1 is on and -1 off. */
  #decide(event: Exchange, point: Digest): [off: boolean, verdict: number] {
    if (this.#yardstick.kind === "model") {
      const on = this.#yardstick.model.points.has(point);
      return [!on, on ? 1 : -1];
    }
    if (!this.#engine) return [false, 1];
    const task = this.task(event.actor.task);
    const chain = this.chainOf(event.actor.task);
    const circumstances = { sequence: this.events, process: PROCESS, pid: 0, chain, ...(task && { task }) };
    const { verdict, known, fault } = this.#engine.judge(event, circumstances);
    if (fault && this.#yardstick.kind === "learn") throw fault;
    return [verdict === "off", known];
  }

  #again(verdict: number): void {
    if (this.#engine && verdict > 0) {
      if (this.#engine.repeat(verdict, PROCESS, this.events).verdict === "off") this.off += 1;
    } else if (verdict < 0) this.off += 1;
  }

  #takeAggregate(aggregate: Digest): void {
    if (aggregate === this.#aggregate) return;
    if (this.#fixed || this.#measured !== undefined)
      throw new IsolineError(
        "not-comparable",
        `expected a recording under the aggregate ${this.#aggregate}, got one under ${aggregate}; replay it without the contour`,
      );
    this.#aggregate = aggregate;
    this.#fixed = true;
    if (this.#yardstick.kind === "learn") this.#yardstick.contour.setAggregate(aggregate);
  }
}

/** A contour that learns from a recording. Its events were levelled when they were recorded, or not at all. */
export function learningContour(
  profile: Profile<Exchange>,
  policy: string,
  base: Digest | undefined,
  aggregate: Digest | undefined,
): Contour<Exchange> {
  return Contour.create({ profile, policy, base, aggregate });
}
