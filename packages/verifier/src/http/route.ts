/** How routes are declared: what comes in, what goes out, how many bytes. */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { VerifierError } from "../error.ts";
import { type Door, type Env, payerOf } from "./door.ts";
import { name, refusal, state } from "./model.ts";

const KIB = 1024;
export const MOST_JSON = 256 * KIB;

/**
 * Refuses a longer body with `too-large`, before it is read where its length is told, and while it is read otherwise; and any body with
 * `too-many` where its payer has too much in memory. Comes after what finds out who asks.
 */
export function atMost({ bytes: held }: Pick<Door, "bytes">, bytes: number): MiddlewareHandler<Env> {
  const refuse = (): never => {
    throw new VerifierError("too-large", `expected at most ${bytes} bytes, got more; send less at once`);
  };
  const counted = bodyLimit({ maxSize: bytes, onError: refuse });
  return (c, next) => {
    const told = c.req.header("content-length");
    const isTold = told !== undefined && c.req.header("transfer-encoding") === undefined;
    // Node's parser ends a body where its length says. To look for a body here would make a stream of it.
    if (!isTold) return held.run(payerOf(c), bytes, () => counted(c, next));
    return Number(told) <= bytes ? held.run(payerOf(c), Number(told), next) : refuse();
  };
}

export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

export const text = (description: string, type = "text/plain; charset=utf-8") => ({
  description,
  content: { [type]: { schema: z.string() } },
});

export const body = <T extends z.ZodType>(schema: T) => ({
  body: { required: true, content: { "application/json": { schema } } },
});

/** A body that is a file. */
export const file = (type: string) => ({
  body: { required: true, content: { [type]: { schema: z.string().openapi({ format: "binary" }) } } },
});

const refusals = { default: json(refusal, "Refused; see docs/verifier.md for the codes.") } as const;

export function route<const R extends Omit<RouteConfig, "responses"> & { responses: RouteConfig["responses"] }>(
  config: R,
) {
  return createRoute({ ...config, responses: { ...config.responses, ...refusals } });
}

export const ofName = z.object({ name });

const MOST_ITEMS = 1000;
/** The longest is of a node and a label, of whose 256 letters each takes 6 bytes in JSON. */
const MOST_CURSOR = 4096;
export const paged = {
  limit: z.coerce.number().int().min(1).max(MOST_ITEMS).default(100),
  cursor: z.string().max(MOST_CURSOR).optional(),
};
export const ofState = { state: state.optional() };

/** Where the next page begins, as text that callers need not understand. */
export const cursorOf = (place: readonly string[]): string => Buffer.from(JSON.stringify(place)).toString("base64url");

/** Refuses what `cursorOf` did not write. */
export function placeOf(cursor: string | undefined, parts: number): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (Array.isArray(place) && place.length === parts && place.every((one) => typeof one === "string")) return place;
  } catch {
    // Said below.
  }
  throw new VerifierError("bad-request", "expected the cursor of an answer, got something else; begin without one");
}
