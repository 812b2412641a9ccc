/** A change of a verdict as receivers get it, over any way. */
import type { ChangeRow, State } from "../store/index.ts";

export interface ChangeDocument {
  readonly at: string;
  readonly node: string;
  readonly label?: string;
  readonly from: State;
  readonly to: State;
  readonly failure?: string;
  readonly why?: string;
}

export function changeDocument({ at, node, label, before, after, failure, why }: ChangeRow): ChangeDocument {
  return {
    at: at.toISOString(),
    node,
    ...(label !== null && { label }),
    from: before,
    to: after,
    ...(failure !== null && { failure }),
    ...(why !== null && { why }),
  };
}
