/** What administrators send: policies, reference values, tokens, revocations; and the record of their acts. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { assertOfAll, assertRole, Limits, type Person } from "../access/index.ts";
import { VerifierError } from "../error.ts";
import { dryRun } from "../fleet/index.ts";
import {
  acts,
  contoursBy,
  countsByNode,
  findNode,
  hasNodes,
  type NodeRow,
  policiesInForce,
  policyFile,
  referenceFile,
  referencesInForce,
} from "../store/index.ts";
import { largeAnswer, personFirst, personOfAllFirst } from "./callers.ts";
import { contourMapOf } from "./contour-map.ts";
import { nodeDocument } from "./documents.ts";
import { type Door, type Env, personOf, tenantFor } from "./door.ts";
import {
  auditList,
  contourMap,
  dryRun as dryRunDocument,
  node,
  policyList,
  referenceList,
  revocation,
  tokenMade,
  tokenOrder,
} from "./model.ts";
import { AtOnce } from "./at-once.ts";
import { heldJson } from "./held.ts";
import { atMost, body, cursorOf, file, json, MOST_JSON, ofName, paged, placeOf, route } from "./route.ts";
import { nodeFor } from "./watching.ts";

const MOST_POLICY = 2 ** 20;
const MOST_REFERENCES = 16 * 2 ** 20;
const ofContour = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const anyFile = { description: "The file.", content: { "application/octet-stream": { schema: z.string() } } };

export function rulingRoutes(app: OpenAPIHono<Env>, door: Door): void {
  policyRoutes(app, door);
  referenceRoutes(app, door);
  nodeActs(app, door);
}

function policyRoutes(app: OpenAPIHono<Env>, door: Door): void {
  const trying = new AtOnce("one policy of a tenant to be tried");
  const { fleet } = door;
  const { db } = fleet.store;
  app.openapi(
    route({
      method: "get",
      path: "/v1/policies",
      summary: "The policies in force.",
      responses: { 200: json(policyList, "The newest version of each.") },
    }),
    async (c) => {
      await personOf(c, door, "viewer");
      const rows = await policiesInForce(db);
      const items = rows.map(({ name, version, digest, since }) => ({
        name,
        version,
        digest,
        since: since.toISOString(),
      }));
      return c.json({ items }, 200);
    },
  );
  app.openapi(
    route({
      method: "get",
      path: "/v1/policies/{name}",
      summary: "A policy.",
      middleware: [largeAnswer(door)] as const,
      request: { params: ofName },
      responses: { 200: anyFile },
    }),
    async (c) => {
      await personOf(c, door, "viewer");
      const { name } = c.req.valid("param");
      const found = await policyFile(db, name);
      if (found === undefined) throw new VerifierError("not-found", `no policy ${name}; see isoline fleet policy`);
      return fileAnswer(found);
    },
  );
  app.openapi(
    route({
      method: "put",
      path: "/v1/policies/{name}",
      summary: "A new version of a policy, which judges the next evidence of each node.",
      middleware: [personOfAllFirst(door, "admin"), atMost(door, MOST_POLICY)] as const,
      request: { params: ofName, ...file("application/octet-stream") },
      responses: { 204: { description: "In force." } },
    }),
    async (c) => {
      const person = await personOf(c, door, "admin");
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      await fleet.administration.putPolicy(c.req.valid("param").name, bytes, { who: person.name, tenant: null });
      return c.body(null, 204);
    },
  );
  app.openapi(
    route({
      method: "post",
      path: "/v1/policies/{name}/dry-run",
      summary: "What a policy would change, by the last evidence of each node.",
      middleware: [personFirst(door, "operator", "large"), atMost(door, MOST_POLICY)] as const,
      request: { params: ofName, ...file("application/octet-stream") },
      responses: { 200: json(dryRunDocument, "What would change.") },
    }),
    async (c) => {
      const person = await personOf(c, door, "operator");
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      const { tenant } = person;
      const { name } = c.req.valid("param");
      const { changes, ...sums } = await trying.run(tenant, () =>
        dryRun({ db, rules: fleet.rules, turns: fleet.turns }, name, bytes, tenant),
      );
      return heldJson(c, door, { changes: [...changes], ...sums });
    },
  );
}

function referenceRoutes(app: OpenAPIHono<Env>, door: Door): void {
  const { fleet } = door;
  const { db } = fleet.store;
  app.openapi(
    route({
      method: "get",
      path: "/v1/references",
      summary: "Files of reference values.",
      responses: { 200: json(referenceList, "All of them.") },
    }),
    async (c) => {
      await personOf(c, door, "viewer");
      const rows = await referencesInForce(db);
      return c.json(
        { items: rows.map(({ name, digest, since }) => ({ name, digest, since: since.toISOString() })) },
        200,
      );
    },
  );
  app.openapi(
    route({
      method: "get",
      path: "/v1/references/{name}",
      summary: "A file of reference values.",
      middleware: [largeAnswer(door)] as const,
      request: { params: ofName },
      responses: { 200: anyFile },
    }),
    async (c) => {
      await personOf(c, door, "viewer");
      const { name } = c.req.valid("param");
      const found = await referenceFile(db, name);
      if (found === undefined)
        throw new VerifierError("not-found", `no reference values ${name}; see isoline fleet reference`);
      return fileAnswer(found);
    },
  );
  app.openapi(
    route({
      method: "put",
      path: "/v1/references/{name}",
      summary: "A file of reference values, in place of the one of that name.",
      middleware: [personOfAllFirst(door, "admin"), atMost(door, MOST_REFERENCES)] as const,
      request: { params: ofName, ...file("application/octet-stream") },
      responses: { 204: { description: "In force." } },
    }),
    async (c) => {
      const person = await personOf(c, door, "admin");
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      await fleet.administration.putReference(c.req.valid("param").name, bytes, { who: person.name, tenant: null });
      return c.body(null, 204);
    },
  );
  app.openapi(
    route({
      method: "get",
      path: "/v1/contours/{sha256}",
      summary: "A contour, as a map and as its text.",
      middleware: [largeAnswer(door)] as const,
      request: { params: ofContour },
      responses: { 200: json(contourMap, "The contour.") },
    }),
    async (c) => {
      const { tenant = "*" } = await personOf(c, door, "viewer");
      const { sha256 } = c.req.valid("param");
      // To read a contour of many megabytes takes long. It is fetched when that begins: those that wait are not in memory.
      await fleet.turns.turn(tenant);
      const [row] = await contoursBy(db, [sha256]);
      if (row === undefined)
        throw new VerifierError("not-found", `no contour ${sha256.slice(0, 16)}…; an agent sends it when it is asked`);
      const name = (await fleet.rules.nameOf(sha256)) ?? "";
      // Others may have begun while the database was asked.
      await fleet.turns.turn(tenant);
      return c.json(contourMapOf(name, Buffer.from(row.file).toString("utf8")), 200);
    },
  );
  app.openapi(
    route({
      method: "delete",
      path: "/v1/contours/{sha256}",
      summary:
        "Withdraw a contour: it counts no longer, though it is signed, until a person or reference values bring it back.",
      middleware: [personOfAllFirst(door, "operator")] as const,
      request: { params: ofContour },
      responses: { 204: { description: "It counts no longer." } },
    }),
    async (c) => {
      const { name: who } = await personOf(c, door, "operator");
      await fleet.administration.withdrawContour(c.req.valid("param").sha256, { who, tenant: null });
      return c.body(null, 204);
    },
  );
}

/**
 * Revocations in a minute by people of one tenant: each raises the epoch, which makes the results of all tenants old, or at least is an act
 * that is kept for good. People of all tenants revoke as many as they must.
 */
const MOST_REVOCATIONS = 10;

function nodeActs(app: OpenAPIHono<Env>, door: Door): void {
  const revocations = new Limits(MOST_REVOCATIONS / 60, MOST_REVOCATIONS);
  const { fleet } = door;
  const { db } = fleet.store;
  app.openapi(
    route({
      method: "post",
      path: "/v1/enrolment-tokens",
      summary: "A token that one node may enrol with.",
      middleware: [personFirst(door, "operator", "small"), atMost(door, MOST_JSON)] as const,
      request: body(tokenOrder),
      responses: { 200: json(tokenMade, "The token, shown once.") },
    }),
    async (c) => {
      const person = await personOf(c, door, "operator");
      const { tenant: asked, labels = {}, name, expires } = c.req.valid("json");
      const tenant = tenantFor(person, asked) ?? asked;
      // What chooses the policy that judges the node is as powerful as a policy.
      if (await choosesPolicy(door, person, tenant, labels)) {
        assertRole(person, "admin");
        assertOfAll(person);
      }
      const token = await fleet.enrolment.makeToken({
        tenant,
        labels,
        name,
        expires: new Date(expires),
        who: person.name,
        isOfAll: person.tenant === undefined,
      });
      return c.json({ token }, 200);
    },
  );
  app.openapi(
    route({
      method: "post",
      path: "/v1/nodes/{name}/revocation",
      summary: "Revoke a node: no verifier affirms it from then on.",
      middleware: [personFirst(door, "operator", "small"), atMost(door, MOST_JSON)] as const,
      request: { params: ofName, ...body(revocation) },
      responses: { 200: json(node, "The node.") },
    }),
    async (c) => {
      const person = await personOf(c, door, "operator");
      const seen = await nodeFor(door, person, c.req.valid("param").name);
      const { name } = seen;
      const revoke = () => fleet.administration.revoke(seen, c.req.valid("json").reason, { who: person.name });
      await (person.tenant === undefined ? revoke() : countedIn(revocations, person.tenant, revoke));
      const row = (await findNode(db, name)) as NodeRow;
      const counts = await countsByNode(db, [name]);
      return c.json(nodeDocument(row, counts.get(name) ?? {}, fleet), 200);
    },
  );
  app.openapi(
    route({
      method: "delete",
      path: "/v1/nodes/{name}",
      summary: "Retire a node: it is not enrolled any more. One that is neither stale nor unknown has to be forced.",
      middleware: [personFirst(door, "operator", "small")] as const,
      request: { params: ofName, query: z.object({ force: z.enum(["true", "false"]).optional() }) },
      responses: { 200: json(node, "The node, as it was.") },
    }),
    async (c) => {
      const person = await personOf(c, door, "operator");
      const seen = await nodeFor(door, person, c.req.valid("param").name);
      const counts = await countsByNode(db, [seen.name]);
      const isForced = c.req.valid("query").force === "true";
      const gone = await fleet.retirement.retire(seen, { who: person.name, isForced });
      return heldJson(c, door, nodeDocument(gone, counts.get(gone.name) ?? {}, fleet));
    },
  );
  app.openapi(
    route({
      method: "get",
      path: "/v1/audit",
      summary: "What administrators did, the newest first.",
      request: { query: z.object(paged) },
      responses: { 200: json(auditList, "Their acts.") },
    }),
    async (c) => {
      const person = await personOf(c, door, "operator");
      const { limit, cursor } = c.req.valid("query");
      const below = Number(placeOf(cursor, 1)?.[0] ?? Number.MAX_SAFE_INTEGER);
      if (!Number.isSafeInteger(below))
        throw new VerifierError("bad-request", "expected the cursor of an answer; begin without one");
      const rows = await acts(db, person.tenant, below, limit + 1);
      const shown = rows.slice(0, limit);
      const items = shown.map(({ at, who, act, object, detail }) => ({
        at: at.toISOString(),
        who,
        act,
        object,
        detail,
      }));
      const last = shown.at(-1);
      const next = rows.length > limit && last !== undefined && { next: cursorOf([String(last.id)]) };
      return heldJson(c, door, { items, ...next });
    },
  );
}

/** Counted before it is done, since many may come at once; and no longer where it was not. */
async function countedIn(limits: Limits, tenant: string, revoke: () => Promise<void>): Promise<void> {
  limits.count(tenant);
  try {
    await revoke();
  } catch (fault) {
    limits.giveBack(tenant);
    throw fault;
  }
}

/**
 * The label `policy` chooses. So does the name of a tenant, where there is a policy of that name, and no node that it is for: else people
 * of all tenants would choose among policies by making up tenants.
 */
async function choosesPolicy(
  { fleet }: Door,
  { tenant: own }: Person,
  tenant: string,
  labels: Readonly<Record<string, string>>,
): Promise<boolean> {
  if (labels["policy"] !== undefined) return true;
  if (own !== undefined || tenant === "default") return false;
  const isNamed = (await fleet.rules.policyNameOf({ tenant, labels })) === tenant;
  return isNamed && !(await hasNodes(fleet.store.db, tenant));
}

/** A file as it was put; nothing in it is for a browser to run. */
function fileAnswer(bytes: Uint8Array): Response {
  return new Response(Uint8Array.from(bytes), { status: 200, headers: { "content-type": "application/octet-stream" } });
}
