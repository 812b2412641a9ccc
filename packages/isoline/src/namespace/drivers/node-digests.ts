/** The digests that a namespace shares with the others of its process, if its plan has any. */
import { NodeDigests, SharedDigests } from "@isoline/linux";
import type { Plan } from "../plan.ts";

export function digestsOf({ shared, root }: Plan): NodeDigests | undefined {
  return shared && new NodeDigests(SharedDigests.of(shared), root);
}
