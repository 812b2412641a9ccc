/** Whether what is known of a node or a canister is of now, or was left as it stood when the verdict became a worse one. */
import type { Link, Node } from "@isoline/verifier";

interface Judged {
  readonly state: string;
  readonly failure?: string | undefined;
  readonly why?: string | undefined;
  readonly links: readonly Link[];
}

/**
 * Whether the checks are what the verdict rests on. A node that is silent, revoked or enrolled anew keeps its checks from before, and so
 * does a canister whose node was refused: then the verdict has a reason that none of the checks gives. What fits neither way is old.
 */
function restsOnChecks({ state, failure, why, links }: Judged): boolean {
  const failed = links.filter((link) => link.state !== "passed" && link.state !== "warned");
  if (state === "affirming") return failed.length === 0;
  if (state !== "contraindicated" && state !== "unverifiable") return false;
  return failed.some((link) => link.failure === failure && link.why === why);
}

/** Whether checks are shown that are older than the verdict. */
export const isEarlier = (judged: Judged): boolean => judged.links.length > 0 && !restsOnChecks(judged);

/** What is proven of a node itself: its root of trust, its kernel. `earlier`: it was, by evidence from before. */
export function proven({ state, kernel }: Pick<Node, "state" | "kernel">): "now" | "earlier" | "never" {
  if (state === "affirming") return "now";
  return kernel === undefined || state === "unknown" ? "never" : "earlier";
}
