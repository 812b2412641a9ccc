/** What evidence says of a live namespace: its contour, its points in digests, and what became of its events. */
import { resolve } from "node:path";
import type { Digest } from "@isoline/core/digest";
import type { Mode } from "@isoline/core/engine";
import { fileDigestOf } from "../store/contour-file.ts";
import type { CountedSnapshot } from "./live.ts";
import type { Bond, Model } from "./model.ts";
import type { Plan, SensorName } from "./plan.ts";
import type { Loss } from "./report.ts";

export interface Standing {
  readonly mode: Mode;
  readonly sensor: SensorName;
  /** Whether the kernel itself refuses files and addresses that no point permits. */
  readonly landlock: boolean;
  /** Of bpf: whether it is told of acts afterwards, by tracepoints. An older supervisor does not say it. */
  readonly tracepoints?: boolean | undefined;
  readonly profile: string;
  /** The contour that was loaded; null while one is learnt. Its digest is null once the namespace goes on under more than the file. */
  readonly contour: { readonly path: string; readonly digest: Digest | null } | null;
  /** Portable: under neither aggregate nor base. */
  readonly state: Digest;
  readonly measurement: Digest;
  readonly points: number;
  /** The state of the same points with the challenge as base, from the aggregate of the machine. */
  readonly bound: Digest | null;
  readonly counters: {
    readonly events: number;
    readonly departures: number;
    readonly refused: number;
    /** Events that could not be observed. */
    readonly lost: number;
    /** Processes that lost their trust or were born without it, also those that have ended. */
    readonly untrusted: number;
  };
  readonly incomplete: readonly Loss[];
  /** The register in the TPM that its departures are recorded in, by its Name, and its birth's number in the ledger; null without one. */
  readonly register: { readonly name: string; readonly birth: number } | null;
}

/** What has happened so far, as evidence has it and as the agent's metrics have it. */
export function countersOf(snapshot: CountedSnapshot): Standing["counters"] {
  const { events, off, refused, everUntrusted, incomplete } = snapshot;
  const lost = incomplete.reduce((sum, { count }) => sum + count, 0);
  return { events, departures: off, refused, lost, untrusted: everUntrusted };
}

export function standingOf(
  plan: Plan,
  model: Model,
  snapshot: CountedSnapshot,
  binds: Bond | undefined,
  register: Standing["register"],
): Standing {
  const { state, measurement, points, bound } = model.portable(binds);
  const { mode, incomplete } = snapshot;
  return {
    mode,
    sensor: plan.sensor,
    landlock: plan.landlock,
    profile: model.contour.profile.name,
    contour:
      plan.contour === undefined || plan.mode === "learn"
        ? null
        : { path: resolve(plan.contour), digest: fileDigestOf(model.contour) ?? null },
    state,
    measurement,
    points,
    bound,
    counters: countersOf(snapshot),
    incomplete,
    register,
  };
}
