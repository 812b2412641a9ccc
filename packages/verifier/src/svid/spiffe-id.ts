/** SPIFFE ids of nodes and canisters (SPIFFE, SPIFFE-ID, 2). */
import { VerifierError } from "../error.ts";

/** No longer name is understood everywhere (SPIFFE-ID, 2.3). */
const MOST_BYTES = 2048;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/** Lower-case letters, digits, dots, dashes and underscores. */
export const TRUST_DOMAIN = /^[a-z0-9](?:[a-z0-9._-]{0,253}[a-z0-9])?$/;

export interface Named {
  readonly tenant: string;
  readonly node: string;
  /** The label of a canister; undefined: the node itself. */
  readonly canister: string | undefined;
}

/**
 * `spiffe://DOMAIN/tenant/TENANT/node/NODE`, and `…/canister/LABEL`. Refuses with `bad-request` a label that cannot stand in one: it is
 * not rewritten, since two labels would then have one id.
 */
export function spiffeId(trustDomain: string, { tenant, node, canister }: Named): string {
  const path = ["tenant", tenant, "node", node, ...(canister === undefined ? [] : ["canister", canister])];
  const odd = path.find((segment) => !SEGMENT.test(segment) || segment === "." || segment === "..");
  const id = `spiffe://${trustDomain}/${path.join("/")}`;
  if (odd === undefined && id.length <= MOST_BYTES) return id;
  throw new VerifierError(
    "bad-request",
    `expected a label of letters, digits, dots, dashes and underscores, got ${JSON.stringify((odd ?? id).slice(0, 60))}; name the canister so`,
  );
}
