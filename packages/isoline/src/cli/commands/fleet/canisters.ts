/** `isoline fleet canisters`: the canisters of a fleet, and whether each is what it should be. */
import { type Canister, type State } from "../../../fleet/model.ts";
import { canisterNamed, canisters } from "../../../fleet/people.ts";
import { status } from "../../ending.ts";
import { isBad, isBadEnd, type Listing, printed, watched } from "../../fleet/lists.ts";
import { assertForm, type FleetOptions, followable, nodeIn, withServer } from "../../fleet/session.ts";
import { canisterView } from "../../fleet/views.ts";

export interface FleetCanistersOptions extends FleetOptions {
  readonly state?: State;
  readonly node?: string;
  readonly tenant?: string;
  readonly image?: string;
  readonly watch?: boolean;
  readonly limit: number;
}

export async function fleetCanisters(label: string | undefined, options: FleetCanistersOptions): Promise<number> {
  const { output, state, tenant, image, watch, limit } = options;
  if (watch) assertForm(output, followable);
  const node = options.node === undefined ? undefined : nodeIn(options.node);
  await withServer(options, async (server) => {
    const listing: Listing<Canister> = {
      view: canisterView,
      read: () => canisters(server, { state, node, tenant, image, label }, limit),
      nameIn: (change) => (change.label === undefined ? undefined : `canister/${change.node}/${change.label}`),
      changed: (change) => canisterNamed(server, change.node, change.label ?? ""),
      isSelected: (one) =>
        (state === undefined || one.state === state) &&
        (node === undefined || one.node === node) &&
        (tenant === undefined || one.tenant === tenant) &&
        (image === undefined || one.image === image) &&
        (label === undefined || one.label === label),
      // Of which image and tenant it was, the verifier does not say any more: what is wrong is shown all the same.
      mayBeSelected: (change) =>
        (state === undefined || change.to === state || (state === "contraindicated" && isBadEnd(change))) &&
        (node === undefined || change.node === node) &&
        (label === undefined || change.label === label) &&
        ((image === undefined && tenant === undefined) || isBad(change)),
      goesWith: (name, gone) => name.startsWith(`canister/${gone}/`),
    };
    if (watch) await watched(server, output, listing);
    else await printed(output, listing);
  });
  return status.success;
}
