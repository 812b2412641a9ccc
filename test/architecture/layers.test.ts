import { describe, expect, it } from "vitest";
import { layerViolations } from "../../tools/layers.mjs";
import { mannersViolations } from "../../tools/manners.mjs";
import { repository } from "../../tools/run.mjs";

/** The rule is the table in tools/layers.mjs. test/tooling/checks.test.ts shows that these checks report a violation. */
describe("the house", () => {
  it("has no import against the layers", () => {
    expect(layerViolations(repository)).toEqual([]);
  });

  it("keeps the rules that can be checked mechanically", () => {
    expect(mannersViolations(repository)).toEqual([]);
  });
});
