import { describe, expect, it } from "vitest";
import { connects, event, executes, image, node, opens } from "../../../../../test/engine/workload.ts";
import { ZERO_DIGEST } from "../../digest.ts";
import type { Event } from "../../event/event.ts";
import { deriveTask } from "../../identity/task.ts";
import { leftOpen } from "./left-open.ts";

const without = (departure: Event, field: string) =>
  ({ ...departure, subject: { ...departure.subject, [field]: undefined } }) as unknown as Event;

describe("what was left open about an event", () => {
  it.each<[string, Event]>([
    ["a file", opens(node, "$CWD/a.js")],
    ["an execution", executes(node, "/usr/bin/git")],
    ["a removed file", opens(node, "?deleted:$TMP/{node#1}")],
    ["an address", connects(node, "127.0.0.1:80")],
    ["a directory", executes(node, "/usr/bin/git", "x", { loader: [] })],
  ])("is nothing of %s", (_, departure) => {
    expect(leftOpen(departure, [node])).toBeUndefined();
  });

  it.each<[string, Event]>([
    ["the content of what is executed", without(executes(node, "/usr/bin/git"), "digest")],
    ["the content of a loader", executes(node, "/usr/bin/git", "x", { loader: ["/lib/ld.so@?"] })],
    ["a path", opens(node, "?path-too-long")],
    ["an access", opens(node, "$CWD/a", "?")],
    ["the supervisor's own", opens(node, "/proc/$supervisor/mem")],
    ["a signal to the supervisor", event(node, "kill", { signal: 9, relation: "supervisor" })],
  ])("is %s", (_, departure) => {
    expect(leftOpen(departure, [node])).toBeTypeOf("string");
  });

  it("is a program that could not be proven, or read", () => {
    const unproven = deriveTask(node.id, [{ path: "?unproven" }]);
    const unread = deriveTask(ZERO_DIGEST, [{ path: "/usr/bin/odd" }, image("/lib/ld.so")]);
    for (const task of [unproven, unread])
      expect(leftOpen(opens(task, "$CWD/a.js"), [task])).toContain("which program");
  });

  it.each(["changed", "gone", "written", "withheld"] as const)("is content that was %s while it was read", (what) => {
    expect(leftOpen(opens(node, "$CWD/a.js"), [node], [{ what }])).toContain("content of a file");
    expect(leftOpen(opens(node, "$CWD/a.js"), [node], [{ what: "ima" }])).toBeUndefined();
  });
});
