/** `isoline fleet nodes`: the nodes of a fleet, and what is proven of each. */
import { type Node, type State } from "../../../fleet/model.ts";
import { nodeNamed, nodes } from "../../../fleet/people.ts";
import { status } from "../../ending.ts";
import { isBad, type Listing, printed, watched } from "../../fleet/lists.ts";
import { assertForm, type FleetOptions, followable, withServer } from "../../fleet/session.ts";
import { nodeView } from "../../fleet/views.ts";

export interface FleetNodesOptions extends FleetOptions {
  readonly state?: State;
  readonly selector?: readonly string[];
  readonly tenant?: string;
  readonly watch?: boolean;
  readonly limit: number;
}

export async function fleetNodes(options: FleetNodesOptions): Promise<number> {
  const { output, state, selector: labels = [], tenant, watch, limit } = options;
  if (watch) assertForm(output, followable);
  await withServer(options, async (server) => {
    const listing: Listing<Node> = {
      view: nodeView,
      read: () => nodes(server, { state, labels, tenant }, limit),
      nameIn: ({ node, label }) => (label === undefined ? `node/${node}` : undefined),
      changed: ({ node }) => nodeNamed(server, node),
      isSelected: (node) =>
        (state === undefined || node.state === state) &&
        (tenant === undefined || node.tenant === tenant) &&
        labels.every((each) => hasLabel(node, each)),
      // Its tenant and its labels, the verifier does not say any more: what is wrong is shown all the same.
      mayBeSelected: (change) =>
        (state === undefined || change.to === state) &&
        ((tenant === undefined && labels.length === 0) || isBad(change)),
      goesWith: (name, node) => name === `node/${node}`,
    };
    if (watch) await watched(server, output, listing);
    else await printed(output, listing);
  });
  return status.success;
}

function hasLabel({ labels }: Node, label: string): boolean {
  const at = label.indexOf("=");
  return labels[label.slice(0, at)] === label.slice(at + 1);
}
