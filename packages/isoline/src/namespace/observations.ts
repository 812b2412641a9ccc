/** Records every decision, for the status line, the report, the trajectory and followers. */
import type { Circumstances, Departure, Judgement } from "@isoline/core/engine";
import type { Event } from "@isoline/core/event";
import type { TrajectoryWriter } from "../store/trajectory-file.ts";
import { ContentNotes } from "./content-notes.ts";
import { cells, type ControlBlock, countsIn } from "./control-block.ts";
import { liveEvent } from "./explaining.ts";
import type { LiveEvent } from "./live.ts";
import type { Model } from "./model.ts";

export class Observations {
  readonly counts: { events: number; attempts: number; novel: number };
  readonly contents = new ContentNotes();
  /** Whether decisions are reported as they are made. */
  followed = false;
  readonly #model: Model;
  readonly #block: ControlBlock;
  readonly #trajectory: TrajectoryWriter | undefined;
  readonly #tell: (event: LiveEvent) => void;
  readonly #times = new WeakMap<Departure, { readonly first: number; last: number }>();
  #guesses = 0;
  #lastSize: number;

  constructor(
    model: Model,
    block: ControlBlock,
    trajectory: TrajectoryWriter | undefined,
    tell: (event: LiveEvent) => void,
  ) {
    this.#model = model;
    this.#block = block;
    this.#trajectory = trajectory;
    this.#tell = tell;
    this.#lastSize = model.points;
    this.counts = countsIn(block);
  }

  /** Number of events of processes whose parent could not be proven. */
  get guesses(): number {
    return this.#guesses;
  }

  /** Notes the time of a departure, if this is one and there was room for it. */
  departed(departure: Departure | undefined): void {
    if (departure === undefined) return;
    const now = Date.now();
    const times = this.#times.get(departure);
    if (times === undefined) this.#times.set(departure, { first: now, last: now });
    else times.last = now;
  }

  timesOf(departure: Departure): { readonly first: number; readonly last: number } {
    return this.#times.get(departure) ?? { first: 0, last: 0 };
  }

  decided(event: Event, judgement: Judgement, circumstances: Circumstances): void {
    const { points, engine } = this.#model;
    this.#block[cells.points] = points;
    this.#block[cells.departures] = engine.tally.off;
    this.departed(judgement.departure);
    if (circumstances.guessedLineage) this.#guesses += 1;
    if (circumstances.content) this.contents.add(circumstances.content);
    const novel = judgement.verdict !== "on" || points > this.#lastSize;
    if (novel && judgement.verdict === "on") this.#lastSize = points;
    if (novel) this.#trajectory?.write(event, this.#model.lineageOf(event, circumstances));
    if (this.followed) this.#tell(liveEvent(this.#model, event, judgement, circumstances, novel));
  }
}
