/**
 * What a namespace is to do: everything its supervising thread needs to know, as plain data.
 */
import type { Digest, Launch as Places } from "@isoline/core";
import type { Orphaned } from "@isoline/linux";
import type { IntegrityPlan } from "../integrity/plan.ts";
import type { SignatureDemand } from "../store/signature/demand.ts";

/** The sensors there are; which one `auto` means is decided before a plan is made. */
export type SensorName = "seccomp" | "bpf";

export interface KnownFile {
  readonly version: string;
  readonly digest: Digest;
}

export interface Plan {
  readonly mode: "learn" | "watch" | "enforce";
  /** The contour to keep to, or to add to when learning. */
  readonly contour: string | undefined;
  /** The keys that must have signed the contour; no signature is required where it is left out. */
  readonly signed?: SignatureDemand | undefined;
  /** Where a learnt contour is written. */
  readonly output: string | undefined;
  /** Whether a contour that is there by then is kept and added to, whichever process wrote it. */
  readonly adds?: boolean;
  /** Canonical policy line for a contour that is learnt anew; `undefined` takes the contour's own. */
  readonly policy: string | undefined;
  /** Recorded first occurrences, one line each, if asked for. */
  readonly trajectory: string | undefined;
  /** Whether decisions are told from the first on; else once it is asked for. */
  readonly followed?: boolean | undefined;
  /** Where events come from. */
  readonly sensor: SensorName;
  readonly places: Places;
  /** Of a container: where its root directory lies. */
  readonly root?: string | undefined;
  /** Whether to compile the contour into Landlock rules (enforce only). */
  readonly landlock: boolean;
  /** Soft limit of open files that the workload is to have. */
  readonly openFiles: number | undefined;
  /** The name of the namespace, for commands that find it without its supervisor. */
  readonly label?: string | undefined;
  /** A namespace of the bpf sensor to be taken over; else one begins. */
  readonly adopt?: Orphaned | undefined;
  /** How long the bpf sensor holds an act that has no verdict; 0 to refuse it at once. */
  readonly holdSeconds?: number | undefined;
  /** Digests of files that were hashed before, by the version that they had (`fileVersion`). */
  readonly known?: readonly KnownFile[] | undefined;
  /** IMA's part, if anything of it was asked for. */
  readonly integrity?: IntegrityPlan | undefined;
}

/** How a namespace of the bpf sensor began, as it is noted for a supervisor that takes it over. */
export interface Beginning {
  readonly places: Places;
  /** Absolute; where a learnt contour is to be written, if there was none before. */
  readonly contour: string | undefined;
  readonly mode: Plan["mode"];
}
