/** What can be set for one process against leaks through the processor. */

/** Set before the workload starts, on the launching thread; the workload inherits it. */
export type LaunchMitigation = "store-bypass" | "indirect-branch" | "l1d-flush" | "own-core";
/** Set from outside on a process that lost its trust. */
export type LossMitigation = "own-core" | "own-cpus";

/**
 * - `set`: in force from now on.
 * - `always`: in force for every process of this machine, whatever is asked for.
 * - `not-affected`: the kernel says that this processor does not have the flaw.
 * - `gone`: the process had ended.
 * - `refused`: not in force; `why` says what the kernel answered.
 */
export type Outcome =
  | { readonly is: "set" | "always" | "not-affected" | "gone" }
  | { readonly is: "refused"; readonly why: string };

/** What the kernel offers, before anything is set. */
export interface Offer {
  readonly name: LaunchMitigation | LossMitigation;
  readonly works: boolean;
  readonly detail: string;
}

/** Sets mitigations, and says which there are: the kernel's, or one that a test makes. */
export interface Mitigations {
  offers(): readonly Offer[];
  /** For the calling thread and everything that it starts. */
  atLaunch(name: LaunchMitigation): Outcome;
  /** For another process, with all its threads. `trusted` lists the processes that must not share with it. */
  atLoss(name: LossMitigation, pid: number, trusted: () => readonly number[]): Outcome;
  /** What was made for the namespace and is not needed any more. */
  close(): void;
}

/** The outcomes under which the process is as safe as was asked for. */
export const isInForce = ({ is }: Outcome) => is !== "refused";
