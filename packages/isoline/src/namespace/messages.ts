/**
 * What the threads of a supervisor say to each other.
 */
import type { AppliedLandlock, LandlockRules, Tally } from "@isoline/linux";
import type { CanisterPlaces, ContentRemark, Mode } from "@isoline/core";
import type { Bank } from "../integrity/hash-algorithms.ts";
import type { AppraiseMode } from "../integrity/view.ts";
import type { ContentNote } from "./content-notes.ts";
import type { PauseReport } from "./pauses.ts";
import type { SensorName } from "./plan.ts";

/** From the supervising thread to the launching thread, just before `ready` is published. */
export interface LaunchOrder {
  readonly landlock: LandlockRules | undefined;
  readonly sensor: SensorName;
  /** Soft limit of open files that the workload is to start with, where it cannot be given while the workload waits. */
  readonly openFiles: number | undefined;
}

/** From the launching thread to the main thread. */
export type LaunchMessage =
  | { readonly kind: "started"; readonly pid: number; readonly landlock: AppliedLandlock | undefined }
  /** The program could not be executed. */
  | { readonly kind: "refused"; readonly errno: number }
  /** Nothing could be started at all. */
  | { readonly kind: "failed"; readonly message: string };

/** What another process of ours brings into the namespace. */
export interface Join {
  readonly ask: "join";
  readonly pid: number;
  /** When it started, by its own word. */
  readonly started: string;
  /** Its filter's listener among its descriptors; undefined without a filter. */
  readonly listener: number | undefined;
  /** Files that it was given, by what they are for. */
  readonly names: CanisterPlaces["directories"];
}

/** What a live namespace can be asked. */
export type Request =
  | { readonly ask: "snapshot" }
  | { readonly ask: "trust"; readonly pid?: number | undefined }
  | { readonly ask: "seal" }
  | { readonly ask: "contour" }
  /** Departures from one on, in order, at most a hundred at a time. */
  | { readonly ask: "departures"; readonly from: number }
  | { readonly ask: "follow"; readonly on: boolean }
  | Join
  /** Signals everybody who lives there; how many they are. */
  | { readonly ask: "signal"; readonly signal: number }
  /** Ends the measurement, whoever is left. */
  | { readonly ask: "abandon" }
  | { readonly ask: "stop" }
  | IntegrityRequest;

/** What the integrity view of a live namespace can be asked. */
export type IntegrityRequest =
  /** The text of its rules; empty while it has none. */
  | { readonly ask: "ima-policy" }
  /** Takes a policy, if there is none yet: `PolicyLoaded`. */
  | { readonly ask: "load-ima-policy"; readonly text: string }
  /** The measurement list as bytes, in the kernel's forms. */
  | { readonly ask: "ima-list"; readonly form: "binary" | "ascii"; readonly bank: Bank }
  | { readonly ask: "ima-counts" }
  /** Something that is no file, to be measured if a rule says so: `BufferMeasured`. */
  | {
      readonly ask: "measure-critical-data";
      readonly label: string;
      readonly event: string;
      readonly data: Uint8Array;
    };

export function isAboutIntegrity({ ask }: Request): boolean {
  return ask === "measure-critical-data" || ask === "load-ima-policy" || ask.startsWith("ima-");
}

/** Why a namespace takes no IMA policy once it runs: what was decided in the kernel before nobody would look at any more. */
export const NOT_INSPECTED =
  "under the bpf sensor an IMA policy is named at the start; start the namespace with --ima-policy, or with --sensor seccomp";

export type PolicyLoaded =
  | { readonly rules: number }
  | { readonly refused: "sealed" | "not-inspected" | "bad-ima-policy"; readonly message: string };

/** The register it was measured into. */
export type BufferMeasured =
  | { readonly register: number }
  | { readonly refused: "usage" | "not-measured" | "not-inspected" | "full"; readonly message: string };

/** From the main thread to the supervising thread. */
export interface Envelope {
  readonly id: number;
  readonly request: Request;
}

/** Where the kernel half notes whom it holds for a namespace, and for how long at most. */
export interface Holds {
  /** Of the map, in this process. */
  readonly fd: number;
  readonly id: number;
  readonly seconds: number;
}

/** From the supervising thread to the main thread. */
export type SupervisorMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "holds"; readonly holds: Holds }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "reply"; readonly id: number; readonly value: unknown }
  | { readonly kind: "event"; readonly event: LiveEvent }
  /** A part of the report that may be large, in several messages before the rest of it. */
  | { readonly kind: "departures"; readonly departures: readonly DepartureReport[] }
  | { readonly kind: "ended"; readonly report: Omit<Report, "departures" | "pauses"> };

/** One decision, as live followers see it. */
export interface LiveEvent {
  readonly sequence: number;
  readonly pid: number;
  readonly chain: readonly string[];
  readonly verdict: "on" | "off" | "lost";
  readonly refused: boolean;
  readonly novel: boolean;
  /** The one-line form of what happened. */
  readonly act: string;
  /** Why it is off contour, if it is. */
  readonly why?: string;
  /** Of the files whose content counts: what is not known of it, and who vouches for what is. */
  readonly content?: readonly ContentRemark[];
}

/** A departure as reports show it. */
export interface DepartureReport {
  readonly point: string;
  readonly why: string;
  readonly act: string;
  readonly chain: readonly string[];
  readonly pid: number;
  readonly sequence: number;
  readonly count: number;
  readonly refused: number;
  /** Of the files whose content counts, as it was the first time. */
  readonly content?: readonly ContentRemark[];
}

/** The state of a namespace at one moment. */
export interface Snapshot {
  readonly mode: Mode;
  readonly events: number;
  readonly points: number;
  readonly novel: number;
  readonly attempts: number;
  readonly off: number;
  readonly refused: number;
  readonly processes: readonly ProcessReport[];
  readonly incomplete: readonly { readonly reason: string; readonly count: number }[];
}

export interface ProcessReport {
  readonly pid: number;
  readonly chain: readonly string[];
  readonly trusted: boolean;
  readonly cause?: string;
}

/** What is left of a namespace when its last process is gone. */
export interface Report {
  readonly mode: Mode;
  readonly events: number;
  readonly points: number;
  readonly added: number;
  readonly attempts: number;
  readonly off: number;
  readonly refused: number;
  /** Acts on the supervisor itself, which are refused whatever the contour says. Of the bpf sensor, see `kernel`. */
  readonly kept: number;
  readonly measurement: string;
  readonly state: string;
  readonly lens: string;
  readonly profile: string;
  readonly policy: string;
  readonly incomplete: readonly { readonly reason: string; readonly count: number }[];
  /** What there is to say of files' contents: of which they are not known, and for which the kernel vouches. */
  readonly content: readonly ContentNote[];
  /** Beside those, remarks that were only counted. */
  readonly moreContent: number;
  /** Calls that went ahead on what others could change before the kernel looked at it, by their names. */
  readonly racy: Readonly<Record<string, number>>;
  readonly guesses: number;
  readonly firings: Readonly<Record<string, number>>;
  readonly departures: readonly DepartureReport[];
  readonly landlock: readonly string[];
  /** How often, and for how many seconds in all, the supervisor did not run though it should have. */
  readonly pauses: PauseReport;
  /** What the kernel half of the bpf sensor counted, by its name for the operation; null under another sensor. */
  readonly kernel: Readonly<Record<string, Tally>> | null;
  /** Null where there was no IMA policy. */
  readonly integrity: IntegrityReport | null;
}

/** What the integrity view leaves. */
export interface IntegrityReport {
  /** How many rules its policy has. */
  readonly rules: number;
  readonly mode: AppraiseMode;
  readonly entries: number;
  readonly violations: number;
  /** Uses that were refused. */
  readonly denied: number;
  /** By bank and register, in hexadecimal. */
  readonly registers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
