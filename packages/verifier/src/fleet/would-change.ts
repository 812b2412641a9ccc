/** What stands of a node and its canisters, beside what a policy that is tried makes of them; and what each change counts as. */
import type { State } from "../store/index.ts";
import type { Judged, Verdict } from "./verdict.ts";

export interface WouldChange {
  readonly node: string;
  readonly label?: string;
  readonly from: State;
  readonly to: State;
  readonly why: string;
}

export interface Sums {
  /** To contraindicated, or from affirming. */
  readonly red: number;
  readonly green: number;
  /** Neither of these, as from contraindicated to unverifiable. */
  readonly other: number;
  readonly same: number;
}

/** A canister without a row counts as `unknown`, as where a change is written: before the first policy there are none. */
export interface Stands {
  readonly name: string;
  readonly state: State;
  /** By label. */
  readonly canisters: ReadonlyMap<string, State>;
}

/** What one piece of evidence leads to. */
export type Led = Pick<Verdict, "state" | "why"> & {
  readonly canisters: readonly Pick<NonNullable<Verdict["canisters"]>[number], "label" | "state" | "why">[] | undefined;
};

/** No policy makes such a node heard: what it says counts only once it says it again. */
export const isSilent = (state: State): boolean => state === "stale" || state === "unknown";

/**
 * The node itself, and each canister that stands or would. `inForce` is what the policy in force makes of the same evidence, of a node that
 * is silent: such a one changes only where the tried policy makes less of it than that.
 */
export function compared(
  { name, state, canisters }: Stands,
  tried: Led,
  inForce?: Led,
): readonly (WouldChange & { readonly as: keyof Sums })[] {
  const why = tried.why ?? PASSED;
  const ofNode = { node: name, from: state, to: tried.state, why, as: kindOf(state, tried.state, inForce?.state) };
  const [would, was] = [byLabel(tried), byLabel(inForce)];
  const labels = [...new Set([...canisters.keys(), ...would.keys(), ...was.keys()])].sort();
  const ofCanisters = labels.map((label) => {
    const from = canisters.get(label) ?? "unknown";
    const one = would.get(label);
    // It ended before this evidence: no policy brings it back.
    if (one === undefined && tried.canisters !== undefined) return { node: name, label, from, to: from, why, as: SAME };
    const to = one?.state ?? "unverifiable";
    const before = inForce && (was.get(label)?.state ?? "unverifiable");
    const reason = one === undefined ? why : (one.why ?? PASSED);
    return { node: name, label, from, to, why: reason, as: kindOf(from, to, before) };
  });
  return [ofNode, ...ofCanisters];
}

const PASSED = "all checks pass";
const SAME = "same" as const;
const FROM_BEST: readonly Judged[] = ["affirming", "unverifiable", "contraindicated"];

const byLabel = (led: Led | undefined) => new Map(led?.canisters?.map((one) => [one.label, one]));

function kindOf(from: State, to: Judged, inForce: Judged | undefined): keyof Sums {
  if (inForce !== undefined) return FROM_BEST.indexOf(to) > FROM_BEST.indexOf(inForce) ? "red" : "same";
  if (from === to) return "same";
  if (to === "affirming") return "green";
  return to === "contraindicated" || from === "affirming" ? "red" : "other";
}
