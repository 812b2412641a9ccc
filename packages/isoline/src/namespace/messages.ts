/** Messages between the threads of a supervisor that are not requests. */
import type { MitigationPolicy } from "@isoline/core/identity";
import type { AppliedLandlock, LandlockRules, Note } from "@isoline/linux";
import type { LiveEvent, QuestionReport } from "./live.ts";
import type { SensorName } from "./plan.ts";
import type { DepartureReport, Findings } from "./report.ts";
import type { Reply, Request } from "./requests.ts";
import type { MitigationReport } from "./trust-mitigations.ts";

/** From the supervising thread to the launching thread, just before `ready` is published. */
export interface LaunchOrder {
  readonly landlock: LandlockRules | undefined;
  readonly sensor: SensorName;
  /** Soft limit of open files for the workload, if it cannot be set while the workload waits. */
  readonly openFiles: number | undefined;
  /** What the policy has set before the workload starts, if anything. */
  readonly mitigations: MitigationPolicy | undefined;
}

/** From the launching thread to the main thread. */
export type LaunchMessage =
  | {
      readonly kind: "started";
      readonly pid: number;
      readonly landlock: AppliedLandlock | undefined;
      readonly mitigated: MitigationReport["launch"] | undefined;
    }
  /** The program could not be executed. */
  | { readonly kind: "refused"; readonly errno: number }
  /** Nothing was started. */
  | { readonly kind: "failed"; readonly message: string };

/** Where the BPF programs record the tasks that they hold for a namespace, and for how long at most. */
export interface Holds {
  /** Of the map, in this process. */
  readonly fd: number;
  readonly id: number;
  readonly seconds: number;
}

/** The supervising thread's part of the outcome. Departures come before it, in pages; pauses are known to the main thread only. */
export type LastFindings = Omit<Findings, "departures" | "pauses">;

/** From the supervising thread to the main thread. */
export type SupervisorMessage =
  | { readonly kind: "ready" }
  /** Under bpf: the kernel knows this process as the supervisor of the namespace. */
  | { readonly kind: "noted"; readonly note: Note }
  | { readonly kind: "holds"; readonly holds: Holds }
  /** Under bpf: the kernel's tables are about to be closed, and their numbers in this process are others' from now on. */
  | { readonly kind: "left" }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  /** Undefined: the namespace has ended. */
  | { readonly kind: "reply"; readonly id: number; readonly value: Reply<Request> | undefined }
  | { readonly kind: "event"; readonly event: LiveEvent }
  | { readonly kind: "question"; readonly question: QuestionReport }
  /** Nothing waits for the answer any more. */
  | { readonly kind: "withdrawn"; readonly id: number }
  /** An act was refused without a question. */
  | { readonly kind: "unasked"; readonly why: string }
  /** The engine at the other end of a wire is lost for good. */
  | { readonly kind: "engine-lost"; readonly why: string }
  /** A host to be looked up: the supervising thread must not wait for that. */
  | { readonly kind: "look-up"; readonly name: string }
  /** A part of the report that may be large, in several messages before the rest of it. */
  | { readonly kind: "departures"; readonly departures: readonly DepartureReport[] }
  | { readonly kind: "ended"; readonly findings: LastFindings };
