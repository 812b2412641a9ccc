import { describe, expect, it } from "vitest";
import { begunIn, isBegunPattern } from "./begun.ts";
import { isForLabel } from "./policy.ts";

describe("the rule for what a process of a user began for itself", () => {
  it.each([
    ["*", "web", true],
    ["*", "begun:1000:web", false],
    ["*web", "begun:1000:web", false],
    ["b*", "begun:1000:web", false],
    ["begun:*", "begun:1000:web", true],
    ["begun:1000:*", "begun:1000:web", true],
    ["begun:1000:*", "begun:1001:web", false],
    ["begun:1000:web", "begun:1000:web", true],
    ["begun:*", "web", false],
  ])("%s for %s: %s", (pattern, label, isFor) => {
    expect(isForLabel(pattern, label)).toBe(isFor);
  });
});

describe("a label of what a process began for itself", () => {
  it.each([
    ["begun:0:web", { user: 0, name: "web" }],
    ["begun:4294967295:a.b-c_d", { user: 4_294_967_295, name: "a.b-c_d" }],
    ["begun:4294967296:web", undefined],
    ["begun:01:web", undefined],
    ["begun:1:", undefined],
    ["begun:1:.web", undefined],
    ["begun:1:a:b", undefined],
    ["begun:1:web\n", undefined],
    ["begun:1:<b>", undefined],
    [`begun:1:${"a".repeat(40)}`, { user: 1, name: "a".repeat(40) }],
    [`begun:1:${"a".repeat(41)}`, undefined],
    ["web", undefined],
  ])("%j", (label, by) => {
    expect(begunIn(label)).toEqual(by);
  });

  it.each([
    ["begun:*", true],
    ["begun:1000:*", true],
    ["begun:*:web-*", true],
    ["begun:1000*", false],
    ["begun:10*:web", false],
    ["begun:", false],
    ["begun:1000", false],
  ])("pattern %s is one: %s", (pattern, isOne) => {
    expect(isBegunPattern(pattern)).toBe(isOne);
  });
});
