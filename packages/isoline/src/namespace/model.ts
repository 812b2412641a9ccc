/** What a session needs of its model: contour, policy and engine, whether the engine runs in this process or behind a wire. */
import type { Contour } from "@isoline/core/contour";
import type { Digest } from "@isoline/core/digest";
import type { Circumstances, Consequence, ContentChange, DepartureClass, EnginePort, Move } from "@isoline/core/engine";
import type { Event } from "@isoline/core/event";
import type { Policy, Task } from "@isoline/core/identity";
import type { ContourState } from "./live.ts";

export interface Model {
  readonly engine: EnginePort;
  readonly policy: Policy;
  /** The contour: the engine's own where it runs here, else as it was when the run began. */
  readonly contour: Contour;
  /** Points of the contour as it is now. */
  readonly points: number;
  state(): ContourState;
  portable(binds: Bond | undefined): Portable;
  /** The programs that led to the actor of an event, the first of the namespace first, as far as they are known. */
  lineageOf(event: Event, circumstances: Circumstances): readonly Task[];
  /** Explains an off-contour event. */
  explain(event: Event, circumstances: Circumstances): ExplainedEvent;
  /**
   * Explains recorded departures from an index on: at most `count`, and at least one if there is one. An engine that runs here begins no
   * further one after so many milliseconds.
   */
  explained(from: number, count: number, milliseconds?: number): readonly ExplainedDeparture[];
  /** The contour as it is at the end, with what this run saw of it. */
  finalContour(): Contour;
  /** Nothing more is asked: an engine that runs elsewhere forgets the namespace. */
  close(): void;
}

/** Digests of the points as they are compared between machines. */
export interface Portable {
  /** Under neither aggregate nor base. */
  readonly state: Digest;
  readonly measurement: Digest;
  readonly points: number;
  /** The state of the same points with the challenge as base, from the aggregate of the machine. */
  readonly bound: Digest | null;
}

/** What a bound state is bound to: both SHA-256, in lower-case hexadecimal. */
export interface Bond {
  readonly challenge: Digest;
  readonly aggregate: Digest;
}

export interface ExplainedEvent {
  /** What could follow from it. */
  readonly consequence: Consequence;
  /** Who did what, and what comes nearest to it on the contour, in one line. */
  readonly why: string;
}

/** What the contour says of a departure. */
export interface ExplainedDeparture extends ExplainedEvent {
  readonly point: string;
  readonly class: DepartureClass;
  readonly changed: readonly ContentChange[];
  readonly renamed: readonly Move[];
  /** Whether its task is neither on the contour nor told by a departure before it. */
  readonly isNewTask: boolean;
}
