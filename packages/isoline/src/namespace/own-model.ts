/** A model whose engine runs here: beside the sensor, or at the engine's end of a wire. Pure: it reads no file. */
import type { Contour } from "@isoline/core/contour";
import {
  type Circumstances,
  consequenceOfDeparture,
  type Departure,
  Engine,
  explainEvent,
  type Mode,
  Neighbourhood,
  Updates,
  why,
} from "@isoline/core/engine";
import { ZERO_DIGEST } from "@isoline/core/digest";
import type { Event } from "@isoline/core/event";
import type { Policy, Task } from "@isoline/core/identity";
import type { ContourState } from "./live.ts";
import type { Bond, ExplainedDeparture, ExplainedEvent, Model, Portable } from "./model.ts";

/** What a model is made of. */
export interface ModelParts {
  readonly contour: Contour;
  readonly policy: Policy;
  readonly mode: Mode;
  readonly asks?: boolean;
}

export class OwnModel implements Model {
  readonly engine: Engine;
  readonly policy: Policy;
  #contour: Contour;
  #learnt: Neighbourhood;
  #updates: Updates;

  constructor({ contour, policy, mode, asks = false }: ModelParts) {
    this.engine = new Engine({ contour, mode, reaction: policy.reaction, asks });
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

  explained(from: number, count: number): readonly ExplainedDeparture[] {
    return this.engine.forensics.departures.slice(from, from + count).map((departure) => this.#explained(departure));
  }

  finalContour(): Contour {
    return this.#contour;
  }

  close(): void {}

  #explained(departure: Departure): ExplainedDeparture {
    const { event, point, introduces } = departure;
    const { class: kind, contents, moves } = this.#updates.classify(event);
    return {
      point,
      why: why(departure, this.#learnt, this.engine.forensics).sentence,
      consequence: consequenceOfDeparture(event, this.#learnt).consequence,
      class: kind,
      changed: contents,
      renamed: moves,
      isNewTask: introduces !== undefined && this.#contour.task(introduces.id) === undefined,
    };
  }

  #updatesOf(learnt: Neighbourhood): Updates {
    return new Updates(learnt, (id) => this.engine.forensics.unknownTask(id));
  }
}
