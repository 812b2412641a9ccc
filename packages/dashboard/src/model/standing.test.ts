import type { Link } from "@isoline/verifier";
import { describe, expect, it } from "vitest";
import { isEarlier, proven } from "./standing.ts";

const passed: Link = { name: "rules", state: "passed" };
const failed: Link = { name: "record", state: "failed", failure: "incomplete", why: "12 acts were lost" };
const own = { failure: "incomplete", why: "12 acts were lost" };
const refused = { failure: "incomplete", why: "the evidence of its node was refused" };

describe("checks that are shown under a verdict", () => {
  it.each([
    ["all passed, and it is affirming", { state: "affirming", links: [passed] }],
    ["one failed for the reason of the verdict", { state: "unverifiable", ...own, links: [passed, failed] }],
    ["there are none", { state: "stale", links: [] }],
  ])("are of now where %s", (_, judged) => {
    expect(isEarlier(judged)).toBe(false);
  });

  it.each([
    ["all passed, and it is not affirming", { state: "unverifiable", ...refused, links: [passed] }],
    ["one failed for another reason", { state: "unverifiable", ...refused, links: [passed, failed] }],
    ["one failed, and it is silent since", { state: "stale", ...own, links: [failed] }],
    ["it was revoked", { state: "revoked", links: [passed] }],
    ["it was enrolled anew", { state: "unknown", links: [passed] }],
    ["the state is one that the page does not know", { state: "__proto__", links: [passed] }],
    ["one did not pass, and yet it is affirming", { state: "affirming", links: [passed, failed] }],
  ])("are older where %s", (_, judged) => {
    expect(isEarlier(judged)).toBe(true);
  });
});

it.each([
  ["affirming", undefined, "now"],
  ["stale", "6.12", "earlier"],
  ["unverifiable", undefined, "never"],
  ["unknown", "6.12", "never"],
] as const)("of a node that is %s, and whose kernel is %s, things are proven: %s", (state, kernel, when) => {
  expect(proven({ state, kernel })).toBe(when);
});
