/** What parties ask for that rely on results. They need no token: nothing of it is secret, and all of it is signed. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Door, Env } from "./door.ts";
import { epochGiven } from "./model.ts";
import { json, route } from "./route.ts";

export function relyingRoutes(app: OpenAPIHono<Env>, { fleet }: Door): void {
  app.openapi(
    route({
      method: "get",
      path: "/v1/epoch",
      summary: "The present revocation epoch, signed: results of an earlier one count no longer.",
      responses: { 200: json(epochGiven, "The epoch.") },
    }),
    async (c) => {
      const { epoch, raised, token } = await fleet.epochs.signed();
      return c.json({ epoch, raised: raised.toISOString(), token }, 200);
    },
  );
}
