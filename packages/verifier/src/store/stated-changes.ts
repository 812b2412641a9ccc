/**
 * What a log is told of the changes that one step makes to a node and its canisters. A node chooses its labels, others each time if it
 * likes, and whatever is logged stays: so only so many are stated one by one, and of the rest how many there were.
 */
import type { VerdictChange } from "./changes.ts";
import type { ToState } from "./statements.ts";

type Class = Extract<ToState, { readonly kind: "change" }>["class"];

/** Changes of canisters in one step that are stated one by one. */
const MOST_STATED = 64;

/** `node` is its id; `policy` the digest of the policy that it was judged by. */
export function statementsOf(node: string, changes: readonly VerdictChange[], policy: string | undefined): ToState[] {
  const canisters = changes.filter(({ label }) => hasLabel(label));
  const first = new Set(canisters.toSorted((one, other) => rank(one) - rank(other)).slice(0, MOST_STATED));
  const further = canisters.filter((change) => !first.has(change));
  const affirming = further.filter(({ after }) => after === "affirming").length;
  return [
    ...changes
      .filter((change) => !hasLabel(change.label) || first.has(change))
      .map((change) => statementOf(node, change, policy)),
    ...(further.length === 0 ? [] : [{ kind: "changes", node, count: further.length, affirming, policy } as const]),
  ];
}

const hasLabel = (label: string | null | undefined): label is string => typeof label === "string";

/**
 * Another verdict of a canister that there was, and still is, says more than that one is gone, and that more than a label that is new. That
 * one ended badly says as much as another verdict.
 */
function rank({ before, after, failure }: VerdictChange): number {
  if (after === "unknown" && typeof failure === "string") return 0;
  if (before === "unknown") return 2;
  return after === "unknown" ? 1 : 0;
}

function statementOf(node: string, change: VerdictChange, policy: string | undefined): ToState {
  const { label, before: from, after: to, failure } = change;
  const labelled = label ?? undefined;
  return { kind: "change", node, labelled, from, to, class: (failure ?? undefined) as Class, policy };
}
