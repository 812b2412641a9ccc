/** The chain from hardware to canister: every check in its stage, also those that an appraisal did not reach. */
import { type CheckName, checks } from "@isoline/attest/appraise";
import type { Link } from "@isoline/verifier";

/** `unreached`: an earlier check failed, or this evidence has no such part. It counts as not proven. */
export type Outcome = Link["state"] | "unreached";

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
  { title: "Hardware", says: "the key, and what it signed", names: ["chain", "quote", "counters"] },
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
  const known = new Set<string>(places.flatMap(({ names }) => names));
  const stages = places.map(({ title, says, names }) => ({
    title,
    says,
    steps: names.flatMap((name) => {
      const made = links.filter((link) => link.name === name);
      return made.length === 0 ? [stepOf({ name })] : made.map(stepOf);
    }),
  }));
  const others = links.filter(({ name }) => !known.has(name)).map(stepOf);
  if (others.length === 0) return stages;
  return [...stages, { title: "Other checks", says: "which this page cannot place", steps: others }];
}

function stepOf({ name, state, failure, why }: { name: string } & Partial<Link>): Step {
  return {
    name,
    asks: Object.hasOwn(checks, name) ? checks[name as CheckName] : undefined,
    outcome: outcomeOf(state),
    failure,
    why,
  };
}

/** An outcome that this page does not know is no pass. */
function outcomeOf(state: string | undefined): Outcome {
  if (state === undefined) return "unreached";
  return state === "passed" || state === "warned" ? state : "failed";
}

/** The worst outcome of a stage. */
export function worstOf(steps: readonly Step[]): Outcome {
  const order: readonly Outcome[] = ["failed", "warned", "unreached", "passed"];
  return order.find((outcome) => steps.some((step) => step.outcome === outcome)) ?? "unreached";
}
