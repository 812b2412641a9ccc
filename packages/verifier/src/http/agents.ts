/** What agents ask for: enrolment, challenges, attestation, and telling of departures and contours. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { readDelta } from "@isoline/attest/evidence";
import type { Context } from "hono";
import type { Person } from "../access/index.ts";
import { VerifierError } from "../error.ts";
import { MOST_EVIDENCE, type OwnedNode, type Sent } from "../fleet/index.ts";
import { hasCanister, writeDepartures } from "../store/index.ts";
import { inTurn, nodeFirst, personOrNodeFirst, strangerFirst } from "./callers.ts";
import { agentOf, type Door, type Env, payerOf, provenNode } from "./door.ts";
import { heldJson } from "./held.ts";
import {
  challengeGiven,
  departuresTold,
  enrolled,
  enrolmentAnswer,
  enrolmentBegun,
  enrolmentOrder,
  result,
} from "./model.ts";
import { atMost, body, file, json, MOST_JSON, ofName, route } from "./route.ts";

const MOST_CONTOUR = 16 * 2 ** 20;
const HEX_CHALLENGE = /^[0-9a-f]{64}$/;

export function agentRoutes(app: OpenAPIHono<Env>, door: Door): void {
  enrolmentRoutes(app, door);
  attestationRoutes(app, door);
  tellingRoutes(app, door);
}

function enrolmentRoutes(app: OpenAPIHono<Env>, door: Door): void {
  const { fleet } = door;
  app.openapi(
    route({
      method: "post",
      path: "/v1/enrolments",
      summary: "Begin an enrolment, with a one-time token.",
      middleware: [strangerFirst(door), atMost(door, MOST_JSON)] as const,
      request: body(enrolmentOrder),
      responses: {
        200: json(
          enrolmentBegun,
          "The challenge that the node's TPM has to open, or that the report of its machine has to be about.",
        ),
      },
    }),
    async (c) => {
      const { name, token, request } = c.req.valid("json");
      return c.json(await fleet.enrolment.begin(name, token, request), 200);
    },
  );
  app.openapi(
    route({
      method: "post",
      path: "/v1/enrolments/{enrolment}/answer",
      summary: "End an enrolment: the secret that the TPM opened, or the report.",
      middleware: [strangerFirst(door), atMost(door, MOST_JSON)] as const,
      request: { params: z.object({ enrolment: z.uuid() }), ...body(enrolmentAnswer) },
      responses: { 200: json(enrolled, "The node is enrolled; its token is shown once.") },
    }),
    async (c) => {
      const { name, id, token } = await fleet.enrolment.answer(
        c.req.valid("param").enrolment,
        c.req.valid("json").answer,
      );
      return c.json({ node: id, name, nodeToken: token, ...nextFor(door, id, fleet.pace.timing.due) }, 200);
    },
  );
}

function attestationRoutes(app: OpenAPIHono<Env>, door: Door): void {
  app.openapi(
    route({
      method: "get",
      path: "/v1/nodes/{name}/challenge",
      summary: "A challenge for a node's next evidence.",
      request: { params: ofName },
      responses: { 200: json(challengeGiven, "The challenge.") },
    }),
    async (c) => {
      const { id, tenant } = await provenNode(c, door, c.req.valid("param").name);
      return c.json(nextFor(door, id, door.fleet.pace.due(tenant)), 200);
    },
  );
  app.openapi(
    route({
      method: "post",
      path: "/v1/nodes/{name}/attestations",
      summary: "Evidence, for the challenge in the header Isoline-Challenge.",
      middleware: [nodeFirst(door, "large"), atMost(door, MOST_EVIDENCE)] as const,
      request: { params: ofName, ...file("application/cbor") },
      responses: { 200: json(result, "The result, with the next challenge.") },
    }),
    async (c) => {
      const node = await agentOf(c, door, c.req.valid("param").name);
      return heldJson(c, door, await attested(c, door, node, (evidence) => evidence));
    },
  );
  app.openapi(
    route({
      method: "post",
      path: "/v1/nodes/{name}/attestations/delta",
      summary:
        "Evidence without the logs that the last result says are kept; full-log-needed where they are not any more.",
      middleware: [nodeFirst(door, "large"), atMost(door, MOST_EVIDENCE)] as const,
      request: { params: ofName, ...file("application/cbor") },
      responses: { 200: json(result, "The result, with the next challenge.") },
    }),
    async (c) => {
      const node = await agentOf(c, door, c.req.valid("param").name);
      return heldJson(c, door, await attested(c, door, node, readDelta));
    },
  );
}

async function attested(c: Context<Env>, door: Door, node: OwnedNode, read: Sent["read"]) {
  const challenge = c.req.header("isoline-challenge") ?? "";
  if (!HEX_CHALLENGE.test(challenge))
    throw new VerifierError(
      "bad-request",
      "expected the header Isoline-Challenge with 64 hexadecimal digits, got none; ask for a challenge",
    );
  const came = new Uint8Array(await c.req.arrayBuffer());
  const sent = { bytes: came, read };
  // A delta of a few bytes stands for megabytes, which its tenant pays for as well, beside the bytes that came.
  const answer = await door.fleet.attestation.attest(node, Buffer.from(challenge, "hex"), sent, (bytes, work) =>
    door.bytes.run(payerOf(c), Math.max(0, bytes - came.length), work),
  );
  return { ...answer, ...nextFor(door, node.id, node.due ?? door.fleet.pace.due(node.tenant)) } as z.infer<
    typeof result
  >;
}

function tellingRoutes(app: OpenAPIHono<Env>, door: Door): void {
  const { fleet } = door;
  app.openapi(
    route({
      method: "post",
      path: "/v1/nodes/{name}/departures",
      summary: "Departures of a canister, in the node's own words.",
      middleware: [nodeFirst(door, "small"), atMost(door, 2 ** 21), inTurn(door)] as const,
      request: { params: ofName, ...body(departuresTold) },
      responses: { 204: { description: "Kept." } },
    }),
    async (c) => {
      const node = await provenNode(c, door, c.req.valid("param").name);
      const { canister, departures } = c.req.valid("json");
      await assertItsOwn(node, canister, door);
      const rows = departures.map(({ at, why = null, nearest = null, program = null, point = null, ...rest }) => ({
        ...rest,
        ...{ at: new Date(at), why, nearest, program, point },
      }));
      await writeDepartures(fleet.store.db, node.name, canister, rows);
      return c.body(null, 204);
    },
  );
  app.openapi(
    route({
      method: "put",
      path: "/v1/contours/{sha256}",
      summary: "A contour file, which must have this digest.",
      middleware: [personOrNodeFirst(door), atMost(door, MOST_CONTOUR)] as const,
      request: {
        params: z.object({ sha256: z.string().regex(HEX_CHALLENGE) }),
        query: onlyNamed,
        ...file("text/plain"),
      },
      responses: { 201: { description: "It was not there." }, 204: { description: "It was there already." } },
    }),
    async (c) => {
      const { sha256 } = c.req.valid("param");
      const person = c.get("person");
      const isNew = await (person === undefined ? keepContour(c, door, sha256) : putContour(c, door, sha256, person));
      return c.body(null, isNew ? 201 : 204);
    },
  );
}

/** For reference values that may have been replaced meanwhile: a contour that none name would count for any image. */
const onlyNamed = z.object({ named: z.enum(["true"]).optional() });

async function putContour(c: Context<Env>, { fleet }: Door, sha256: string, { name: who }: Person): Promise<boolean> {
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  const isOnlyNamed = c.req.query("named") === "true";
  return fleet.administration.putContour(sha256, bytes, { who, tenant: null }, isOnlyNamed);
}

/** A node sends contours that its evidence has shown; others cannot be made up to fill the store. */
async function keepContour(c: Context<Env>, door: Door, sha256: string): Promise<boolean> {
  const node = await provenNode(c, door);
  if (!(await hasCanister(door.fleet.store.db, node, "contour", sha256)))
    throw new VerifierError(
      "not-found",
      `expected a contour that judged evidence of ${node.name} names, got another; send it once evidence that names it was judged`,
    );
  const { administration, turns } = door.fleet;
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  await turns.turn(node.tenant);
  return administration.keepContour(sha256, bytes, node.tenant);
}

function nextFor({ fleet }: Door, id: string, due: number) {
  return { challenge: Buffer.from(fleet.challenges.make(id, new Date())).toString("hex"), due };
}

/** A node tells of canisters that its evidence has shown; labels cannot be made up to fill the store. */
async function assertItsOwn(
  node: { readonly name: string; readonly id: string },
  label: string,
  { fleet }: Door,
): Promise<void> {
  if (!(await hasCanister(fleet.store.db, node, "label", label)))
    throw new VerifierError(
      "not-found",
      `expected a canister that judged evidence of ${node.name} has, got another label; tell of it once evidence that has it was judged`,
    );
}
