/** How many are in which state, kept right while verdicts change. */
import type { Change, NodeInList, State } from "@isoline/verifier";
import { stateOf, states } from "../model/states.ts";

export type Counts = Readonly<Partial<Record<State, number>>>;

export const totalOf = (counts: Counts): number => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);

export function moved(counts: Counts, from: unknown, to: unknown): Counts {
  const before = stateOf(from);
  const after = stateOf(to);
  if (before === after) return counts;
  return { ...counts, [before]: Math.max(0, (counts[before] ?? 0) - 1), [after]: (counts[after] ?? 0) + 1 };
}

/** Without what went with a node that is gone. */
export function without(counts: Counts, gone: Counts): Counts {
  const left = { ...counts };
  for (const state of states)
    if (left[state] !== undefined) left[state] = Math.max(0, left[state] - (gone[state] ?? 0));
  return left;
}

/** A node after a change of its own verdict, or of that of one of its canisters. */
export function nodeAfter(node: NodeInList, { at, label, from, to, failure, why }: Change): NodeInList {
  if (label === undefined) return { ...node, state: stateOf(to), since: at, failure, why };
  const canisters = { ...node.canisters };
  const before = stateOf(from);
  const after = stateOf(to);
  if (before in canisters) canisters[before as keyof typeof canisters] = Math.max(0, canisters[before as "stale"] - 1);
  if (after in canisters) canisters[after as keyof typeof canisters] += 1;
  return { ...node, canisters };
}
