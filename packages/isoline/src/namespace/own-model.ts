/** A model whose engine runs here: beside the sensor, or at the engine's end of a wire. Pure: it reads no file. */
import type { Contour } from "@isoline/core/contour";
import {
  type Circumstances,
  consequenceOfDeparture,
  type Departure,
  Engine,
  explainEvent,
  type ForensicsLimits,
  type Mode,
  Neighbourhood,
  Updates,
} from "@isoline/core/engine";
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import type { Event } from "@isoline/core/event";
import type { Policy, Task } from "@isoline/core/identity";
import { KeptExplanations } from "./kept-explanations.ts";
import type { ContourState } from "./live.ts";
import type { Bond, ExplainedDeparture, ExplainedEvent, Model, Portable } from "./model.ts";

/** What a model is made of. */
export interface ModelParts {
  readonly contour: Contour;
  readonly policy: Policy;
  readonly mode: Mode;
  readonly asks?: boolean;
  /** Of the departures that it keeps. */
  readonly limits?: ForensicsLimits;
}

export class OwnModel implements Model {
  readonly engine: Engine;
  readonly policy: Policy;
  #contour: Contour;
  #learnt: Neighbourhood;
  #updates: Updates;
  readonly #kept = new KeptExplanations();
  /** Whether an explanation missed a task, which may be told later. */
  #missedTask = false;

  constructor({ contour, policy, mode, asks = false, limits = {} }: ModelParts) {
    this.engine = new Engine({ contour, mode, reaction: policy.reaction, asks, limits });
    this.policy = policy;
    this.#contour = contour;
    this.#learnt = new Neighbourhood(contour);
    this.#updates = this.#updatesOf(this.#learnt);
  }

  /** Another one, once it was amended. */
  get contour(): Contour {
    return this.#contour;
  }

  /** The contour, with its index of nearest points. */
  get learnt(): Neighbourhood {
    return this.#learnt;
  }

  get points(): number {
    return this.#contour.size;
  }

  /** Goes on under a contour that permits more; refuses any other. */
  amend(contour: Contour): void {
    this.engine.amend(contour);
    this.#contour = contour;
    this.#learnt = new Neighbourhood(contour);
    this.#updates = this.#updatesOf(this.#learnt);
    this.#kept.forget();
  }

  state(): ContourState {
    const { profile, policyDigest, size } = this.#contour;
    const [state, measurement] = [this.#contour.state(), this.#contour.measurement()];
    return { profile: profile.name, policy: policyDigest, points: size, state, measurement };
  }

  portable(binds: Bond | undefined): Portable {
    const contour = this.#contour;
    return {
      state: contour.stateUnder(ZERO_DIGEST, ZERO_DIGEST),
      measurement: contour.measurementUnder(ZERO_DIGEST, ZERO_DIGEST),
      points: contour.size,
      bound: binds === undefined ? null : contour.stateUnder(binds.challenge, binds.aggregate),
    };
  }

  lineageOf({ actor }: Event, { task }: Circumstances): readonly Task[] {
    const known = this.#contour.taskChain(actor.task);
    return known.length > 0 || task === undefined ? known : [...this.#contour.taskChain(task.parent), task];
  }

  explain(event: Event, circumstances: Circumstances): ExplainedEvent {
    const { consequence } = consequenceOfDeparture(event, this.#learnt);
    return { consequence, why: explainEvent(event, this.#learnt, circumstances).sentence };
  }

  explained(from: number, count: number, milliseconds = Number.POSITIVE_INFINITY): readonly ExplainedDeparture[] {
    const until = performance.now() + milliseconds;
    const told: ExplainedDeparture[] = [];
    for (const [at, departure] of this.engine.forensics.departures.slice(from, from + count).entries()) {
      if (at > 0 && performance.now() > until) break;
      told.push(this.#kept.at(from + at, this.points) ?? this.#madeOf(departure, from + at));
    }
    return told;
  }

  finalContour(): Contour {
    return this.#contour;
  }

  close(): void {}

  /** Each costs a search of the contour, so it is made once, unless it may still become another. */
  #madeOf(departure: Departure, index: number): ExplainedDeparture {
    this.#missedTask = false;
    const made = this.#explained(departure);
    if (!this.#missedTask) this.#kept.keep(index, made);
    return made;
  }

  #explained({ event, point, introduces, first }: Departure): ExplainedDeparture {
    const { class: kind, contents, moves } = this.#updates.classify(event);
    const witness = { ...first, unknownTask: (id: Digest) => this.#unknownTask(id), hasDeparted: true };
    return {
      point,
      why: explainEvent(event, this.#learnt, witness).sentence,
      consequence: consequenceOfDeparture(event, this.#learnt).consequence,
      class: kind,
      changed: contents,
      renamed: moves,
      isNewTask: introduces !== undefined && this.#contour.task(introduces.id) === undefined,
    };
  }

  #updatesOf(learnt: Neighbourhood): Updates {
    return new Updates(learnt, (id) => this.#unknownTask(id));
  }

  #unknownTask(id: Digest): Task | undefined {
    const task = this.engine.forensics.unknownTask(id);
    if (task === undefined) this.#missedTask = true;
    return task;
  }
}
