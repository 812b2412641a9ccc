/** Signing in to the page by the OpenID provider: what the page needs for it, and the exchange of the code. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { VerifierError } from "../error.ts";
import { strangerFirst } from "./callers.ts";
import { addressOf, type Door, type Env } from "./door.ts";
import { loginOffered, loginReturned, loginToken } from "./model.ts";
import { atMost, body, json, route } from "./route.ts";

const MOST_RETURNED = 8_192;

export function loginRoutes(app: OpenAPIHono<Env>, door: Door): void {
  const { login, limits } = door;
  app.openapi(
    route({
      method: "get",
      path: "/v1/login",
      summary: "How a person signs in to the page by an OpenID provider.",
      responses: { 200: json(loginOffered, "The provider; left out where there is none.") },
    }),
    async (c) => {
      limits.stranger.count(addressOf(c));
      return c.json(login === undefined ? {} : { provider: await login.offer() }, 200);
    },
  );
  app.openapi(
    route({
      method: "post",
      path: "/v1/login",
      summary: "Exchanges a code of the provider for the person's identity token.",
      middleware: [strangerFirst(door), atMost(door, MOST_RETURNED)] as const,
      request: body(loginReturned),
      responses: { 200: json(loginToken, "The identity token.") },
    }),
    async (c) => {
      if (login === undefined)
        throw new VerifierError("not-found", "expected people.oidc.page in the configuration, got none; use a token");
      return c.json({ token: await login.exchange(c.req.valid("json")) }, 200);
    },
  );
}
