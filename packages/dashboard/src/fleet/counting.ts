/** How many are in which state. */
import type { Change, NodeInList, State } from "@isoline/verifier";
import { stateOf, states } from "../model/states.ts";

export type Counts = Readonly<Partial<Record<State, number>>>;

export const totalOf = (counts: Counts): number => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);

export function countsOf(nodes: readonly NodeInList[]): Counts {
  const counts: Partial<Record<State, number>> = {};
  for (const node of nodes) {
    const state = stateOf(node.state);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** Whether a change is of a node itself, or of this one of its canisters. */
export const isOf = (change: Change, node: string, label?: string): boolean =>
  change.node === node && (change.label === undefined || change.label === label);

/** A node after a change of its own verdict, or of that of one of its canisters. */
export function nodeAfter(node: NodeInList, { at, label, from, to, failure, why }: Change): NodeInList {
  const before = stateOf(from);
  const after = stateOf(to);
  if (label === undefined) {
    // As the verifier keeps it: another failure of the same state began when the state did, another revocation is one anew.
    const since = node.state === after && after !== "revoked" ? node.since : at;
    return { ...node, state: after, since, failure, why };
  }
  const canisters = { ...node.canisters };
  if (before in canisters) canisters[before as keyof typeof canisters] = Math.max(0, canisters[before as "stale"] - 1);
  if (after in canisters) canisters[after as keyof typeof canisters] += 1;
  return { ...node, canisters };
}
