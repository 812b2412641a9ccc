/** The chain from hardware to canister: every check in its stage, also those that an appraisal did not reach. */
import { type CheckName, checks } from "@isoline/attest/appraise";
import type { Link } from "@isoline/verifier";

/**
 * `unreached`: another check failed, or none was made, so that nothing is proven here. `unmade`: everything else passed, and
 * this evidence has no such part, or the policy does not ask for it: a node without a TPM has no counters.
 */
export type Outcome = Link["state"] | "unreached" | "unmade";

export interface Step {
  readonly name: string;
  /** What the check asks; undefined for a check that this page does not know. */
  readonly asks: string | undefined;
  readonly outcome: Outcome;
  readonly failure: string | undefined;
  readonly why: string | undefined;
}

export interface Stage {
  readonly title: string;
  readonly says: string;
  readonly steps: readonly Step[];
}

interface Place {
  readonly title: string;
  readonly says: string;
  readonly names: readonly CheckName[];
}

/** From what is hardest to forge to what rests on it. */
const ofNode: readonly Place[] = [
  { title: "Hardware", says: "the key, and what it signed", names: ["chain", "quote", "machine", "counters"] },
  { title: "Evidence", says: "fresh, whole, under a known policy", names: ["format", "freshness", "policy"] },
  { title: "Boot", says: "what the machine started", names: ["boot-log", "boot"] },
  { title: "Kernel", says: "what it runs on", names: ["ima-list", "software", "node-clock", "node-losses"] },
  { title: "Ledger", says: "births and ends of canisters", names: ["ledger", "tree"] },
];
const ofCanister: readonly Place[] = [
  { title: "Rules", says: "may it run at all, and how", names: ["rules"] },
  { title: "Contour", says: "what it may do", names: ["contour", "state", "bound"] },
  { title: "Register", says: "what root cannot rewrite", names: ["register", "record", "progress"] },
  { title: "Behaviour", says: "what it did", names: ["losses", "trust"] },
];

/** The stages of a node's chain, hardware first. */
export const nodeStages = (links: readonly Link[]): readonly Stage[] => stagesOf(ofNode, links);

/** The stages of a canister's chain, which begins where the node's ends. */
export const canisterStages = (links: readonly Link[]): readonly Stage[] => stagesOf(ofCanister, links);

function stagesOf(places: readonly Place[], links: readonly Link[]): readonly Stage[] {
  const absent =
    links.length === 0 || links.some(({ state }) => outcomeOf(state) === "failed") ? "unreached" : "unmade";
  const known = new Set<string>(places.flatMap(({ names }) => names));
  const stages = places.map(({ title, says, names }) => ({
    title,
    says,
    steps: names.flatMap((name) => {
      const made = links.filter((link) => link.name === name);
      return made.length === 0
        ? [{ ...stepOf({ name, state: "passed" }), outcome: absent } as const]
        : made.map(stepOf);
    }),
  }));
  const others = links.filter(({ name }) => !known.has(name)).map(stepOf);
  if (others.length === 0) return stages;
  return [...stages, { title: "Other checks", says: "which this page cannot place", steps: others }];
}

function stepOf({ name, state, failure, why }: Link): Step {
  return {
    name,
    asks: Object.hasOwn(checks, name) ? checks[name as CheckName] : undefined,
    outcome: outcomeOf(state),
    failure,
    why,
  };
}

/** An outcome that this page does not know is no pass. */
function outcomeOf(state: string): Outcome {
  return state === "passed" || state === "warned" ? state : "failed";
}

/** The worst outcome of a stage. What was not made counts only where nothing was. */
export function worstOf(steps: readonly Step[]): Outcome {
  const order: readonly Outcome[] = ["failed", "warned", "unreached", "passed", "unmade"];
  return order.find((outcome) => steps.some((step) => step.outcome === outcome)) ?? "unreached";
}
