/**
 * Who asks is known, or counted as a stranger, before a byte of the body is read: two megabytes of JSON take up to a third of a second of
 * the processor, which all tenants share, and some routes take many megabytes into memory. So each caller brings a few bodies at a time.
 */
import { createMiddleware } from "hono/factory";
import { assertOfAll, keyOf, type Role } from "../access/index.ts";
import { addressOf, type Door, type Env, personOf, provenNode, recognised } from "./door.ts";
import { answerIsOver } from "./held.ts";

/** Whether many megabytes may come. Of those a caller brings fewer at a time. */
type Size = "small" | "large";

export const nodeFirst = (door: Door, size: Size) =>
  createMiddleware<Env>(async (c, next) => {
    const { name } = await provenNode(c, door);
    await door.bringing[size].run(`node ${name}`, next);
  });

/** Reads the JSON of a node, whose length is bounded before, and makes something of it when it is the turn of the node's tenant. */
export const inTurn = (door: Door) =>
  createMiddleware<Env>(async (c, next) => {
    const { tenant } = await provenNode(c, door);
    await c.req.text();
    await door.fleet.turns.turn(tenant);
    await next();
  });

export const personFirst = (door: Door, least: Role, size: Size) =>
  createMiddleware<Env>(async (c, next) => {
    const person = await personOf(c, door, least);
    await door.bringing[size].run(`person ${keyOf(person)}`, next);
  });

/**
 * For an answer of many megabytes, which is in memory until the caller has read it, or is let go. A caller that hangs up before has its
 * place for as long as the answer is still being made: else it would ask, hang up, and ask again, for as many at a time as it likes.
 */
export const largeAnswer = (door: Door) =>
  createMiddleware<Env>(async (c, next) => {
    const end = door.answering.begin(`person ${keyOf(await personOf(c, door, "viewer"))}`);
    const over = answerIsOver(c);
    await next().finally(() => void over.then(end));
  });

/** For what counts for every tenant. */
export const personOfAllFirst = (door: Door, least: Role) =>
  createMiddleware<Env>(async (c, next) => {
    assertOfAll(await personOf(c, door, least));
    await personFirst(door, least, "large")(c, next);
  });

/** A contour that a person sends counts for every tenant; a node sends what it shows. */
export const personOrNodeFirst = (door: Door) => {
  const [person, node] = [personOfAllFirst(door, "operator"), nodeFirst(door, "large")];
  return createMiddleware<Env>(async (c, next) =>
    (await recognised(c, door)) === undefined ? node(c, next) : person(c, next),
  );
};

/** For what needs no token of a node or a person. */
export const strangerFirst = ({ limits }: Door) =>
  createMiddleware<Env>(async (c, next) => {
    limits.stranger.count(addressOf(c));
    await next();
  });
