/** The door of a verifier: every route, and what each answer has in common. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { VerifierError } from "../error.ts";
import { admissionRoutes } from "./admission.ts";
import { isPassing } from "../store/index.ts";
import { agentRoutes } from "./agents.ts";
import { changeRoutes } from "./changes.ts";
import { type Door, type Env, personOf } from "./door.ts";
import { holdAnswer } from "./held.ts";
import { loginRoutes } from "./login.ts";
import { pageRoutes } from "./page.ts";
import { Readers } from "./readers.ts";
import { answerFor, refuse } from "./refusing.ts";
import { relyingRoutes } from "./relying.ts";
import { route, text } from "./route.ts";
import { rulingRoutes } from "./ruling.ts";
import { svidRoutes } from "./svids.ts";
import { watchingRoutes } from "./watching.ts";

export interface AppSettings {
  /** The folder with the page; undefined: none is served. */
  readonly page: string | undefined;
  readonly version: string;
  /** Told what failed that should not. */
  readonly failed: (fault: unknown) => void;
}

export function verifierApp(door: Door, { page, version, failed }: AppSettings): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>({
    defaultHook: (checked) => {
      if (checked.success) return;
      const [issue] = checked.error.issues;
      const place = issue?.path.join(".") ?? "";
      throw new VerifierError(
        "bad-request",
        `${place === "" ? "the request" : place}: ${issue?.message ?? "is malformed"}; see /openapi.json`,
      );
    },
  });
  app.use(async (c, next) => {
    const began = performance.now();
    await next();
    // On the answer itself: `c.header` would make a new answer of it, with a stream, for each header.
    const { headers, status } = c.res;
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    if (c.req.path.startsWith("/v1/")) headers.set("Cache-Control", "no-store");
    door.metrics.answered(status, (performance.now() - began) / 1000);
  });
  app.onError((fault, c) => {
    const answer = answerFor(isCutOff(c) ? cutOff() : fault);
    door.metrics.refused(answer.code);
    if (answer.status === 500 || isPassing(fault)) failed(fault);
    return refuse(c, answer);
  });
  app.notFound((c) => refuse(c, answerFor(new VerifierError("not-found", "nothing is here; see /openapi.json"))));
  const readers = new Readers();
  const { fleet, metrics } = door;
  metrics.watch({
    owned: () => fleet.ownership.size,
    watched: () => fleet.watch.size,
    readers: () => readers.number,
    slowest: () => fleet.pace.slowest,
    logs: () => fleet.logs.size,
  });
  healthRoutes(app, door);
  agentRoutes(app, door);
  watchingRoutes(app, door);
  rulingRoutes(app, door);
  relyingRoutes(app, door);
  svidRoutes(app, door);
  changeRoutes(app, door, readers);
  admissionRoutes(app, door);
  loginRoutes(app, door);
  describedRoute(app, door, version);
  if (page !== undefined) pageRoutes(app, door, page);
  return app;
}

/** The caller is gone in the middle of its request: nothing failed here, and a caller could fill the log with that. */
const isCutOff = ({ env: { incoming } }: Context<Env>): boolean => incoming?.destroyed === true && !incoming.complete;
const cutOff = () => new VerifierError("bad-request", "expected a whole request, got the end of the connection in it");

/** What the whole API is takes the processor long to put together, and strangers may ask for it: it is made once. */
function describedRoute(app: OpenAPIHono<Env>, door: Door, version: string): void {
  let described: string | undefined;
  app.get("/openapi.json", (c) => {
    described ??= JSON.stringify(
      app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "isoline verifier", version } }),
    );
    holdAnswer(c, door, described.length);
    return c.body(described, 200, { "content-type": "application/json" });
  });
}

function healthRoutes(app: OpenAPIHono<Env>, door: Door): void {
  app.openapi(
    route({
      method: "get",
      path: "/healthz",
      summary: "Whether the verifier runs.",
      responses: { 200: text("It runs.") },
    }),
    (c) => c.text("alive\n", 200),
  );
  app.openapi(
    route({
      method: "get",
      path: "/readyz",
      summary: "Whether the verifier may answer nodes.",
      responses: { 200: text("It may."), 503: text("Its database does not answer.") },
    }),
    (c) => (door.fleet.lease.isHeld ? c.text("ready\n", 200) : c.text("the database does not answer\n", 503)),
  );
  app.openapi(
    route({
      method: "get",
      path: "/metrics",
      summary: "Counters, in the text format of Prometheus.",
      responses: { 200: text("The counters.", "text/plain; version=0.0.4; charset=utf-8") },
    }),
    async (c) => {
      await personOf(c, door, "viewer");
      return c.body(await door.metrics.text(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
    },
  );
}
