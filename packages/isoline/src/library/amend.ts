/** Amending live namespaces. */
import { realpathSync } from "node:fs";
import { ApproverClient, type Widened } from "../control/approver-client.ts";
import { CliError } from "../error.ts";

/** What changed in a namespace that was amended. */
export interface AmendedNamespace extends Widened {
  readonly name: string;
}

/**
 * Has a live namespace of `isoline run` go on under a contour that permits everything that its present one does, and more. What was
 * refused before is permitted from now on; processes that lost their trust do not get it back. Refused from inside the namespace.
 * With `state`, the contour must have that state: the file may be replaced after a person looked at it.
 *
 * @example
 * import { amendNamespace } from "isoline";
 *
 * await amendNamespace("no-such-service", "app.contour").catch((fault) => console.log(fault.code));
 * // prints: no-such-namespace
 */
export async function amendNamespace(name: string, contour: string, state?: string): Promise<AmendedNamespace> {
  const client = await ApproverClient.find(name);
  return { name: client.name, ...(await client.amend(fromRoot(contour), state)) };
}

function fromRoot(path: string): string {
  try {
    return realpathSync(path);
  } catch (fault) {
    throw new CliError("cannot-read", `cannot read ${path}: ${(fault as Error).message}`, { cause: fault });
  }
}
