/** A change of a verdict as receivers get it, over any way: small, whatever a node wrote into it. */
import type { ChangedTo, ChangeRow, State } from "../store/index.ts";

export interface ChangeDocument {
  readonly at: string;
  readonly node: string;
  readonly label?: string;
  readonly from: State;
  /** `gone`: the node was collected or retired, with all of its canisters. */
  readonly to: ChangedTo;
  readonly failure?: string;
  readonly why?: string;
}

const MOST_WHY = 300;

export function changeDocument({ at, node, label, before, after, failure, why }: ChangeRow): ChangeDocument {
  return {
    at: at.toISOString(),
    node,
    ...(label !== null && { label }),
    from: before,
    to: after,
    ...(failure !== null && { failure }),
    ...(why !== null && { why: brief(why) }),
  };
}

/** Names in it come from nodes: none ends a line, or writes to a terminal, where it is shown. */
function brief(why: string): string {
  const start = why.length > MOST_WHY ? `${why.slice(0, MOST_WHY - 1)}…` : why;
  return start.replace(/\p{C}/gu, "?");
}
