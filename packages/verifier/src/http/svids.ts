/** X.509-SVIDs: what nodes ask for, and the bundle that those who check SVIDs need. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { VerifierError } from "../error.ts";
import { inTurn, nodeFirst } from "./callers.ts";
import { agentOf, type Door, type Env } from "./door.ts";
import { svidBundle, svidGiven, svidOrder } from "./model.ts";
import { atMost, body, json, MOST_JSON, ofName, route } from "./route.ts";

export function svidRoutes(app: OpenAPIHono<Env>, door: Door): void {
  app.openapi(
    route({
      method: "post",
      path: "/v1/nodes/{name}/svid",
      summary: "An X.509-SVID for a node that is affirmed, or for one of its canisters.",
      middleware: [nodeFirst(door, "small"), atMost(door, MOST_JSON), inTurn(door)] as const,
      request: { params: ofName, ...body(svidOrder) },
      responses: { 200: json(svidGiven, "The certificate, and those that it leads to.") },
    }),
    async (c) => {
      const node = await agentOf(c, door, c.req.valid("param").name);
      const identities = identitiesOf(door);
      const { challenge, canister, key, proof, quote, report } = c.req.valid("json");
      const { id, certificate, until } = await identities.issue(node, {
        challenge: Buffer.from(challenge, "hex"),
        canister,
        key: binary(key),
        proof: binary(proof),
        quote: quote === undefined ? undefined : binary(quote),
        report: report && {
          provider: report.provider,
          report: binary(report.report),
          certificates: binary(report.certificates),
          proof: binary(report.proof),
        },
      });
      return c.json({ id, certificate, bundle: identities.authority.anchors, until: until.toISOString() }, 200);
    },
  );
  app.openapi(
    route({
      method: "get",
      path: "/v1/svid-bundle",
      summary: "The SPIFFE bundle of the trust domain. It needs no token.",
      responses: { 200: json(svidBundle, "A JWK set.") },
    }),
    (c) => {
      const { keys, ...more } = identitiesOf(door).authority.bundle;
      return c.json({ keys: [...keys], ...more }, 200);
    },
  );
}

const binary = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));

function identitiesOf({ fleet }: Door) {
  if (fleet.identities !== undefined) return fleet.identities;
  throw new VerifierError("not-found", "this verifier issues no SVIDs; its operator may configure svid");
}
