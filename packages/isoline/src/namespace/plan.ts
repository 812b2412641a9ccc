/** The plan of a namespace: everything that its supervising thread needs to know, as plain data. */
import { existsSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import type { Launch as Places } from "@isoline/core/identity";
import type { HeldProcess, Orphaned } from "@isoline/linux";
import type { IntegrityPlan } from "../integrity/plan.ts";
import type { TpmPlan } from "../register/plan.ts";
import type { Links } from "../store/bounded-file.ts";
import type { SignatureDemand } from "../store/signature/demand.ts";
import type { TrustedKey } from "../store/signature/keys.ts";
import type { MeasuredMachines } from "../wire/measured-proof.ts";
import type { RunBeginning } from "./run-beginning.ts";

/** The sensors; which one `auto` means is decided before a plan is made. */
export type SensorName = "seccomp" | "bpf";

export interface KnownFile {
  readonly version: string;
  readonly digest: Digest;
}

export interface Plan {
  readonly mode: "learn" | "watch" | "enforce";
  /** The contour of the run, or the one to add to when learning. */
  readonly contour: string | undefined;
  /** The keys of which one must have signed the contour; no signature is required if left out. */
  readonly signed?: SignatureDemand | undefined;
  /** Whether the contour may be a symbolic link; it may if left out. One that must be signed may never be. */
  readonly links?: Links | undefined;
  /** Where a learnt contour is written. */
  readonly output: string | undefined;
  /** Whether to keep the contour that exists at the end and to add to it, even if another run wrote it. */
  readonly adds?: boolean;
  /** Of learning: the run, as its evidence says. */
  readonly run?: RunBeginning | undefined;
  /** Canonical policy line for a new contour; `undefined` takes the contour's own. */
  readonly policy: string | undefined;
  /** The file for events in the order in which they first happened, one a line, if requested. */
  readonly trajectory: string | undefined;
  /** Whether decisions are reported from the first on; otherwise from the first request on. */
  readonly followed?: boolean | undefined;
  /** Where events come from. */
  readonly sensor: SensorName;
  readonly places: Places;
  /** For a container: the path of its root directory. */
  readonly root?: string | undefined;
  /** Whether to compile the contour into Landlock rules (enforce only). */
  readonly landlock: boolean;
  /** Soft limit of open files for the workload. */
  readonly openFiles: number | undefined;
  /** The name of the namespace, for a supervisor that finds it orphaned. */
  readonly label?: string | undefined;
  /** The process that starts the workload, if it is not this one. */
  readonly launcher?: number | undefined;
  /** The process that begins the namespace while it runs, for itself; bpf only. Its descriptor stays open until the namespace has begun. */
  readonly takesIn?: HeldProcess | undefined;
  /** Whether it is for a process with fewer rights than the supervisor: a contour may not have the supervisor set anything for it. */
  readonly forStranger?: boolean | undefined;
  /** Whether its supervising thread serves other namespaces too; set by that thread only. */
  readonly sharesThread?: boolean | undefined;
  /** A namespace of the bpf sensor to be taken over; otherwise a new one begins. */
  readonly adopt?: TakenOver | undefined;
  /** How long the bpf sensor holds a task without a verdict; 0 refuses it at once. */
  readonly holdSeconds?: number | undefined;
  /** Digests of files that were hashed before, by their version (`fileVersion`). */
  readonly known?: readonly KnownFile[] | undefined;
  /** Memory of the digests that the namespaces of this process share (`SharedDigests`); set by the agent only. */
  readonly shared?: SharedArrayBuffer | undefined;
  /** Whether a person is asked about what is off contour, and how many acts may wait for an answer at once. */
  readonly asks?: { readonly most: number } | undefined;
  /** The engine that decides, if it is not this process's own. */
  readonly engine?: EnginePlan | undefined;
  /** The TPM in which the namespace is recorded, if one was named. */
  readonly tpm?: TpmPlan | undefined;
  /** The IMA options, if any were given. */
  readonly integrity?: IntegrityPlan | undefined;
}

/** A namespace whose supervisor has ended. */
export interface TakenOver extends Orphaned {
  /** SHA-256 of the contour that it began under, if that is known. */
  readonly begunUnder?: Digest | undefined;
}

/** An engine behind a wire: docs/engine.md. */
export interface EnginePlan {
  readonly address: string;
  /** What the engine must prove: one of these public keys, or one of these machines. */
  readonly proves: readonly TrustedKey[] | MeasuredMachines;
  /** The private key that this sensor proves, in PEM. */
  readonly key: string;
  /** How long an act waits for its verdict. */
  readonly milliseconds: number;
}

/** What a plan has whatever the run is for. */
export type Surroundings = Omit<
  Plan,
  "mode" | "contour" | "output" | "adds" | "run" | "policy" | "trajectory" | "landlock"
>;

/** A plan to learn a contour into a file; `adds`: to the contour that is there, if there is one. */
export function planToLearn(
  surroundings: Surroundings,
  learning: Pick<Plan, "run" | "policy" | "trajectory"> & { readonly output: string; readonly adds: boolean },
): Plan {
  const { output, adds } = learning;
  const contour = adds && existsSync(output) ? output : undefined;
  return { ...surroundings, ...learning, mode: "learn", contour, landlock: false };
}

/** A plan to run under a contour. Learnt under another policy than this one, the contour is refused. */
export function planUnder(
  contour: string,
  surroundings: Surroundings,
  {
    enforce,
    landlock = false,
    policy,
  }: { readonly enforce: boolean; readonly landlock?: boolean } & Partial<Pick<Plan, "policy">>,
): Plan {
  const mode = enforce ? "enforce" : "watch";
  return { ...surroundings, mode, contour, output: undefined, policy, trajectory: undefined, landlock };
}
