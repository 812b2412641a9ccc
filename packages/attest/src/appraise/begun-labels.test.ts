import { describe, expect, it } from "vitest";
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
