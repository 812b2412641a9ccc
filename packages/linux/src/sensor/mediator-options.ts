/** What a model mediator is made of. */
import type { Digest } from "@isoline/core/digest";
import type { Circumstances, EnginePort, Judgement } from "@isoline/core/engine";
import type { Event } from "@isoline/core/event";
import type { Launch, Policy, Task } from "@isoline/core/identity";
import type { ActingProcess } from "./acting.ts";
import type { Asking } from "./asking.ts";
import type { HostNames } from "./names/host-names.ts";
import type { Witness } from "./witness.ts";

/** Counters that can be read while the sensor runs. */
export interface MediatorCounts {
  events: number;
  attempts: number;
  novel: number;
}

export interface ModelMediatorOptions {
  readonly engine: EnginePort;
  readonly policy: Policy;
  readonly launch: Launch;
  readonly counts: MediatorCounts;
  /** Called for every new decision, with the levelled event. */
  readonly onDecision?: (event: Event, judgement: Judgement, circumstances: Circumstances) => void;
  /** Called for every departure that is decided from memory. */
  readonly onRepeat?: (judgement: Judgement) => void;
  /** Memory for verdicts by raw key, in bytes, if not the default. */
  readonly knownBytes?: number | undefined;
  /** What is known of hosts by name; left out if they are called by their addresses. */
  readonly hosts?: HostNames | undefined;
  /** The tasks of the contour as it is now: those are never forgotten. */
  readonly taskOnContour?: (id: Digest) => Task | undefined;
  /** Where a person is asked about what is off contour. */
  readonly asking?: Asking | undefined;
  /** Where departures are recorded before their calls go ahead, if they are. */
  readonly witness?: Witness | undefined;
  /** Called for each process that loses its trust or is born without it, while the call that cost it its trust still waits. */
  readonly onUntrusted?: ((process: ActingProcess) => void) | undefined;
}
