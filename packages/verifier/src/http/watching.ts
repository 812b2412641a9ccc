/** What people look at: nodes and canisters, one by one and in lists. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { VerifierError } from "../error.ts";
import {
  canisterCounts,
  canisterOf,
  canistersBehind,
  countsByNode,
  departuresOf,
  findNode,
  historyOf,
  nodeCounts,
  type NodeRow,
  nodesBehind,
  reportsOf,
} from "../store/index.ts";
import type { Person } from "../access/index.ts";
import {
  canisterDocument,
  countsDocument,
  departureDocument,
  historyDocument,
  nodeDocument,
  processesDocument,
  reportsDocument,
  seenOf,
} from "./documents.ts";
import { type Door, type Env, personOf, tenantFor } from "./door.ts";
import { heldJson } from "./held.ts";
import { canisterInFull, canisterList, canistersOfNode, label, name, node, nodeList } from "./model.ts";
import { cursorOf, json, ofName, ofState, paged, placeOf, route } from "./route.ts";

const MOST_SHOWN = 200;
/** `label=KEY=VALUE`, once or more. */
const labelQuery = z.union([z.string(), z.array(z.string())]).optional();

export function watchingRoutes(app: OpenAPIHono<Env>, door: Door): void {
  nodeRoutes(app, door);
  canisterRoutes(app, door);
}

function nodeRoutes(app: OpenAPIHono<Env>, door: Door): void {
  const { fleet } = door;
  const { db } = fleet.store;
  app.openapi(
    route({
      method: "get",
      path: "/v1/nodes",
      summary: "Nodes in the order of their names.",
      request: { query: z.object({ ...ofState, ...paged, tenant: name.optional(), label: labelQuery }) },
      responses: { 200: json(nodeList, "Nodes, and how many there are in each state.") },
    }),
    async (c) => {
      const person = await personOf(c, door, "viewer");
      const { state, limit, cursor, tenant: asked, label: told } = c.req.valid("query");
      const tenant = tenantFor(person, asked);
      const labels = labelsIn(told);
      const rows = await nodesBehind(db, { tenant, state, labels }, placeOf(cursor, 1)?.[0] ?? "", limit + 1);
      const shown = rows.slice(0, limit);
      const counts = await countsByNode(
        db,
        shown.map((row) => row.name),
      );
      const last = shown.at(-1);
      const items = shown.map((row) => {
        const { links: _links, ...item } = nodeDocument(row, counts.get(row.name) ?? {}, fleet);
        return item;
      });
      return heldJson(c, door, {
        items,
        ...(rows.length > limit && last !== undefined && { next: cursorOf([last.name]) }),
        counts: countsDocument(await nodeCounts(db, { tenant, labels })),
        canisters: countsDocument(await canisterCounts(db, { tenant })),
      });
    },
  );
  app.openapi(
    route({
      method: "get",
      path: "/v1/nodes/{name}",
      summary: "One node, with every check.",
      request: { params: ofName },
      responses: { 200: json(node, "The node.") },
    }),
    async (c) => {
      const row = await nodeFor(door, await personOf(c, door, "viewer"), c.req.valid("param").name);
      const counts = await countsByNode(db, [row.name]);
      return heldJson(c, door, nodeDocument(row, counts.get(row.name) ?? {}, fleet));
    },
  );
  app.openapi(
    route({
      method: "get",
      path: "/v1/nodes/{name}/canisters",
      summary: "The canisters of a node in the order of their labels.",
      request: { params: ofName, query: z.object(paged) },
      responses: { 200: json(canistersOfNode, "Its canisters.") },
    }),
    async (c) => {
      const row = await nodeFor(door, await personOf(c, door, "viewer"), c.req.valid("param").name);
      const { limit, cursor } = c.req.valid("query");
      const whole = { tenant: row.tenant, node: row.name };
      const rows = await canistersBehind(db, whole, [row.name, placeOf(cursor, 1)?.[0] ?? ""], limit + 1);
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return heldJson(c, door, {
        items: await Promise.all(shown.map((one) => canisterDocument(one, fleet))),
        ...(rows.length > limit && last !== undefined && { next: cursorOf([last.label]) }),
      });
    },
  );
}

function canisterRoutes(app: OpenAPIHono<Env>, door: Door): void {
  const { fleet } = door;
  const { db } = fleet.store;
  app.openapi(
    route({
      method: "get",
      path: "/v1/canisters",
      summary: "Canisters in the order of node and label.",
      request: {
        query: z.object({
          ...ofState,
          ...paged,
          tenant: name.optional(),
          node: name.optional(),
          image: z.string().max(128).optional(),
          label: label.optional(),
        }),
      },
      responses: { 200: json(canisterList, "Canisters, and how many there are in each state.") },
    }),
    async (c) => {
      const person = await personOf(c, door, "viewer");
      const { limit, cursor, tenant: asked, ...filter } = c.req.valid("query");
      const whole = { ...filter, tenant: tenantFor(person, asked) };
      const [behindNode = "", behindLabel = ""] = placeOf(cursor, 2) ?? [];
      const rows = await canistersBehind(db, whole, [behindNode, behindLabel], limit + 1);
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return heldJson(c, door, {
        items: await Promise.all(shown.map((row) => canisterDocument(row, fleet))),
        ...(rows.length > limit && last !== undefined && { next: cursorOf([last.node, last.label]) }),
        counts: countsDocument(await canisterCounts(db, whole)),
      });
    },
  );
  app.openapi(
    route({
      method: "get",
      path: "/v1/nodes/{name}/canisters/{label}",
      summary: "One canister, with its departures, its history and what it counted over time.",
      request: { params: z.object({ name, label }) },
      responses: { 200: json(canisterInFull, "The canister.") },
    }),
    async (c) => {
      const { name: of, label: told } = c.req.valid("param");
      const row = await nodeFor(door, await personOf(c, door, "viewer"), of);
      // Before its counters are read: they are those of this evidence, or of a later one.
      const seen = seenOf(row, fleet);
      const canister = await canisterOf(db, row.name, told);
      if (canister === undefined)
        throw new VerifierError(
          "not-found",
          `expected a canister of ${row.name}, got another label; ${whereToLook(row)}`,
        );
      const departures = await departuresOf(db, row.name, told, MOST_SHOWN);
      const history = await historyOf(db, row.name, told, MOST_SHOWN);
      const reports = await reportsOf(db, row.name, told);
      return heldJson(c, door, {
        ...(await canisterDocument(canister, fleet)),
        departures: departures.map(departureDocument),
        ...(canister.processes !== null && { processes: processesDocument(canister.processes) }),
        history: history.map(historyDocument),
        reports: reportsDocument(reports, row.state, seen),
      });
    },
  );
}

/** Of a node whose evidence was refused from the first on, no canister is known. */
function whereToLook({ name: of, state, why }: NodeRow): string {
  if (state === "affirming") return `see isoline fleet canisters --node ${of}`;
  return `its node is ${state}, so it may not be known yet: ${why ?? "it has sent no evidence yet"}`;
}

/** A node that a person may see. One of another tenant is as one that is not there. */
export async function nodeFor({ fleet }: Door, { tenant }: Person, of: string): Promise<NodeRow> {
  const row = await findNode(fleet.store.db, of);
  if (row !== undefined && (tenant === undefined || row.tenant === tenant)) return row;
  throw new VerifierError("not-found", `no node ${of} is enrolled; see isoline fleet nodes`);
}

function labelsIn(told: string | readonly string[] | undefined): Record<string, string> {
  const all = told === undefined ? [] : typeof told === "string" ? [told] : told;
  return Object.fromEntries(
    all.map((one) => {
      const at = one.indexOf("=");
      if (at < 1)
        throw new VerifierError("bad-request", `expected label=KEY=VALUE, got ${JSON.stringify(one.slice(0, 60))}`);
      return [one.slice(0, at), one.slice(at + 1)];
    }),
  );
}
