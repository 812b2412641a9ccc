import { expect, test } from "vitest";
import type { Act } from "../mediation.ts";
import type { Identity } from "../acting.ts";
import { UNTOLD } from "./identities.ts";
import { hardlyWaits, holdingOf, isToldByKey } from "./lasting.ts";
import { operations } from "./record.ts";

const socket = (op: string, family: string, address: string) => ({ op, subject: { family, type: "stream", address } });

test.each([
  ["an open", { op: "open", subject: { path: "/etc/passwd" } }, "always"],
  ["a connection to a socket in a directory", socket("connect", "unix", "/run/one"), "always"],
  ["a connection to a port", socket("connect", "inet", "127.0.0.1:4711"), "never"],
  ["a message to a port of IPv6", socket("send", "inet6", "[::1]:4711"), "never"],
  ["a connection to an abstract name", socket("connect", "unix", "@one"), "never"],
  ["the same in another network", socket("connect", "unix", "?net:unshare/@one"), "never"],
  ["a port that is taken", socket("bind", "inet", "127.0.0.1:0"), "never"],
  ["a connection that is accepted", socket("accept", "inet", "127.0.0.1:4711"), "always"],
  ["a move", { op: "rename", subject: { path: "/a", to: "/b", replaces: "no" } }, "without a supervisor"],
  ["a name that is removed", { op: "unlink", subject: { path: "/a" } }, "without a supervisor"],
  ["a directory that is removed", { op: "rmdir", subject: { path: "/a" } }, "without a supervisor"],
  [
    "a name that is made",
    { op: "create", subject: { path: "/a", flags: "create", mode: 0o644 } },
    "without a supervisor",
  ],
  ["a file that is made shorter", { op: "truncate", subject: { path: "/a" } }, "always"],
  ["a signal", { op: "kill", subject: { signal: 15, relation: "child" } }, "never"],
])("for how long a verdict holds: %s", (_, act, holding) => {
  expect(holdingOf(act as unknown as Act)).toBe(holding);
});

test.each([
  ["process_vm_readv", operations.ptrace, 310, true],
  ["pidfd_getfd", operations.ptrace, 438, true],
  ["process_madvise", operations.ptrace, 440, true],
  ["ptrace, which is made again", operations.ptrace, 101, false],
  ["migrate_pages, which another hook asks about", operations.adjust, 256, false],
])("whether a late verdict is left to the next try of the thread: %s", (_, operation, call, isLeft) => {
  expect(hardlyWaits({ operation, argument: () => call })).toBe(isLeft);
});

const [shell, cat] = [{ serial: 1 } as Identity, { serial: 2 } as Identity];

test.each([
  ["a target that runs what the key says", 310, { identity: cat }, cat, true],
  ["one whose exec has not been read yet", 310, { identity: shell }, cat, false],
  ["one that runs nothing known", 310, { identity: UNTOLD }, UNTOLD, false],
  ["one outside, whose number is used again", 310, undefined, cat, false],
  ["ptrace, which is made again", 101, { identity: cat }, cat, false],
])("whether a key tells all about a look into another process: %s", (_, call, target, named, isTold) => {
  expect(isToldByKey({ operation: operations.ptrace, argument: () => call }, target, named)).toBe(isTold);
});
