import { expect, test } from "vitest";
import type { Act } from "../mediation.ts";
import { isToldByKey } from "./lasting.ts";

const socket = (op: string, family: string, address: string) => ({ op, subject: { family, type: "stream", address } });

test.each([
  ["an open", { op: "open", subject: { path: "/etc/passwd" } }, true],
  ["a connection to a socket in a directory", socket("connect", "unix", "/run/one"), true],
  ["a connection to a port", socket("connect", "inet", "127.0.0.1:4711"), false],
  ["a message to a port of IPv6", socket("send", "inet6", "[::1]:4711"), false],
  ["a connection to an abstract name", socket("connect", "unix", "@one"), false],
  ["the same in another network", socket("connect", "unix", "?net:unshare/@one"), false],
  ["a port that is taken", socket("bind", "inet", "127.0.0.1:0"), false],
  ["a connection that is accepted", socket("accept", "inet", "127.0.0.1:4711"), true],
  ["a move", { op: "rename", subject: { path: "/a", to: "/b", replaces: "no" } }, false],
  ["a name that is removed", { op: "unlink", subject: { path: "/a" } }, false],
  ["a directory that is removed", { op: "rmdir", subject: { path: "/a" } }, false],
  ["a name that is made", { op: "create", subject: { path: "/a", flags: "create", mode: 0o644 } }, false],
  ["a file that is made shorter", { op: "truncate", subject: { path: "/a" } }, true],
  ["a signal", { op: "kill", subject: { signal: 15, relation: "child" } }, false],
])("whether its key tells what is done: %s", (_, act, isTold) => {
  expect(isToldByKey(act as unknown as Act)).toBe(isTold);
});
