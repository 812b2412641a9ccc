/** What people ask a verifier: docs/fleet.md. Lists are read page by page, up to a limit. */
import type { Read } from "./answer.ts";
import {
  type Audited,
  auditPage,
  type Canister,
  canisterPage,
  type CanisterWhole,
  canisterWhole,
  dryRun,
  issuedToken,
  node,
  nodePage,
  publishedPage,
} from "./model.ts";
import { FleetRefusal, type FleetServer } from "./server.ts";

/** Which nodes or canisters: all that fit every member. */
export interface Selection {
  readonly state?: string | undefined;
  /** `k=v`. */
  readonly labels?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  readonly node?: string | undefined;
  readonly image?: string | undefined;
  /** The label of a canister. */
  readonly label?: string | undefined;
}

/** What was read of a list, and whether there is more. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly isCut: boolean;
}

const PAGE = 500;

export const nodes = (server: FleetServer, { state, labels = [], tenant }: Selection, limit: number) =>
  paged(server, "/v1/nodes", nodePage, limit, [["state", state], ["tenant", tenant], ...labels.map(labelled)]);

export const canisters = (server: FleetServer, { state, node: on, tenant, image, label }: Selection, limit: number) =>
  paged<Canister>(server, "/v1/canisters", canisterPage, limit, [
    ["state", state],
    ["node", on],
    ["tenant", tenant],
    ["image", image],
    ["label", label],
  ]);

export const audit = (server: FleetServer, limit: number) => paged<Audited>(server, "/v1/audit", auditPage, limit, []);

export const nodeNamed = (server: FleetServer, name: string) => server.ask(`/v1/nodes/${part(name)}`, node);

/** A path means another place by such a part of it, however it is written: such a label is asked for in the list. */
const NO_PART: readonly string[] = [".", ".."];

/** One without its departures and its history where its label can be no part of a path. */
export async function canisterNamed(server: FleetServer, on: string, label: string): Promise<CanisterWhole> {
  if (!NO_PART.includes(label)) return server.ask(`/v1/nodes/${part(on)}/canisters/${part(label)}`, canisterWhole);
  const { items } = await canisters(server, { node: on, label }, 1);
  const [found] = items;
  if (found !== undefined) return found;
  throw new FleetRefusal(
    404,
    `${server.url.host}: no canister ${on}/${label}; see isoline fleet canisters --node ${on}`,
  );
}

/** Policies and reference values are files, published under a name. */
export type Shelf = "policies" | "references";

export const published = async (server: FleetServer, shelf: Shelf) =>
  (await server.ask(`/v1/${shelf}`, publishedPage)).items;

export const fileOf = (server: FleetServer, shelf: Shelf, name: string) => server.text(`/v1/${shelf}/${part(name)}`);

export const publish = (server: FleetServer, shelf: Shelf, name: string, body: Uint8Array) =>
  server.text(`/v1/${shelf}/${part(name)}`, { method: "PUT", headers: AS_FILE, body });

/** Every node is judged anew, and the answer comes when all are. */
export const dryRunOf = (server: FleetServer, name: string, body: Uint8Array) =>
  server.ask(`/v1/policies/${part(name)}/dry-run`, dryRun, {
    method: "POST",
    headers: AS_FILE,
    body,
    patience: DRY_RUN_PATIENCE,
  });

/** Seconds. */
const DRY_RUN_PATIENCE = 1800;

/** With `onlyNamed` it is refused with `conflict` unless reference values name it. */
export const publishContour = (server: FleetServer, digest: string, body: Uint8Array, onlyNamed = false) =>
  server.text(`/v1/contours/${digest}${onlyNamed ? "?named=true" : ""}`, { method: "PUT", headers: AS_TEXT, body });

/** A contour that counts no longer, by the digest of its file in hexadecimal. */
export const withdrawContour = (server: FleetServer, digest: string) =>
  server.text(`/v1/contours/${part(digest)}`, { method: "DELETE" });

/** What an enrolment token is for. `expires` in ISO 8601. */
export interface TokenOrder {
  readonly tenant: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly expires: string;
}

export const issueToken = async (server: FleetServer, order: TokenOrder) =>
  (await server.ask("/v1/enrolment-tokens", issuedToken, posted(order))).token;

export const revoke = (server: FleetServer, name: string, reason: string) =>
  server.ask(`/v1/nodes/${part(name)}/revocation`, node, posted({ reason }));

/** Gives the node as it was. With `isForced` also one that is neither stale nor unknown. */
export const retire = (server: FleetServer, name: string, isForced: boolean) =>
  server.ask(`/v1/nodes/${part(name)}${isForced ? "?force=true" : ""}`, node, { method: "DELETE" });

type Query = readonly (readonly [string, string | undefined])[];

async function paged<T>(
  server: FleetServer,
  path: string,
  form: Read<{ readonly items: readonly T[]; readonly next?: string | undefined }>,
  limit: number,
  query: Query,
): Promise<Listed<T>> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const asked = new URLSearchParams();
    for (const [name, value] of query) if (value !== undefined) asked.append(name, value);
    asked.set("limit", String(Math.min(PAGE, limit - items.length)));
    if (cursor !== undefined) asked.set("cursor", cursor);
    const page = await server.ask(`${path}?${asked.toString()}`, form);
    items.push(...page.items.slice(0, limit - items.length));
    cursor = page.next;
    // A page without items would be asked for again and again.
    if (cursor === undefined || page.items.length === 0) return { items, isCut: false };
    if (items.length >= limit) return { items, isCut: true };
  }
}

const AS_FILE = { "content-type": "application/octet-stream" };
const AS_TEXT = { "content-type": "text/plain; charset=utf-8" };
const part = encodeURIComponent;
const labelled = (label: string) => ["label", label] as const;
const posted = (value: unknown) =>
  ({
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  }) as const;
