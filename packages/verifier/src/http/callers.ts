/**
 * Who asks is known, or counted as a stranger, before a byte of the body is read: two megabytes of JSON take up to a third of a second of
 * the processor, which all tenants share.
 */
import { createMiddleware } from "hono/factory";
import type { Role } from "../access/index.ts";
import { addressOf, type Door, type Env, personOf, provenNode } from "./door.ts";

export const nodeFirst = (door: Door) =>
  createMiddleware<Env>(async (c, next) => {
    await provenNode(c, door);
    await next();
  });

export const personFirst = (door: Door, least: Role) =>
  createMiddleware<Env>(async (c, next) => {
    await personOf(c, door, least);
    await next();
  });

/** For what needs no token of a node or a person. */
export const strangerFirst = ({ limits }: Door) =>
  createMiddleware<Env>(async (c, next) => {
    limits.stranger.count(addressOf(c));
    await next();
  });
