import { describe, expect, it } from "vitest";
import { connects, executes, node, npm, opens, sh } from "../../../../../test/engine/workload.ts";
import { iso1Point } from "../../profile/iso1.ts";
import type { Event } from "../../event/event.ts";
import { matcherOf } from "./matching.ts";
import type { Proposal } from "./proposal.ts";

const proposal = (event: Event, more: Partial<Proposal> = {}): Proposal => ({
  event,
  point: iso1Point(event),
  chain: [npm, sh, node],
  names: ["npm", "sh", "node"],
  class: "new",
  contents: [],
  moves: [],
  count: 1,
  refused: 0,
  ...more,
});

describe("a pattern for departures", () => {
  it.each<[string, Event]>([
    ["new", opens(node, "$CWD/a")],
    ["open", opens(node, "$CWD/a")],
    ["open path=$CWD/", opens(node, "$CWD/a")],
    ["program=node", opens(node, "$CWD/a")],
    ["node", opens(node, "$CWD/a")],
    ["$CWD/*", opens(node, "$CWD/a/b")],
    ["open *", opens(node, "$CWD/a")],
    ["git", executes(node, "/usr/bin/git")],
    ["connect address=loopback", connects(node, "127.0.0.1:80")],
    ["127.0.0.1:*", connects(node, "127.0.0.1:80")],
    ["address=10.0.0.0/8", connects(node, "10.1.2.3:80")],
  ])("%s means such an act", (pattern, event) => {
    expect(matcherOf(pattern)(proposal(event))).toBe(true);
  });

  it.each<[string, Event]>([
    ["updated-program", opens(node, "$CWD/a")],
    ["connect", opens(node, "$CWD/a")],
    ["open path=$CWD/", opens(node, "$HOME/a")],
    ["nod", opens(node, "$CWD/a")],
    ["open *", executes(node, "/usr/bin/git")],
    ["$CWD", opens(node, "$CWD/a")],
    ["address=10.0.0.0/8", connects(node, "evil.example:80")],
    ["connect address=private", connects(node, "evil.example:80")],
  ])("%s does not mean another", (pattern, event) => {
    expect(matcherOf(pattern)(proposal(event))).toBe(false);
  });

  it("that is a question and is not understood is refused, and takes no time to say so", () => {
    expect(() => matcherOf("open nofield=1")).toThrow("fields are");
    const many = matcherOf(`*${"a*".repeat(500)}b`);
    expect(many(proposal(opens(node, `/${"a".repeat(4000)}`)))).toBe(false);
  });
});
