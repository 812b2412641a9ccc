import { describe, expect, it } from "vitest";
import { layerViolations } from "../../tools/layers.mjs";
import { mannersViolations } from "../../tools/manners.mjs";
import { repository } from "../../tools/run.mjs";

/** The rule is the table in tools/layers.mjs; that these checks see a fault is shown in test/tooling/checks.test.ts. */
describe("the house", () => {
  it("has no import against the layers", () => {
    expect(layerViolations(repository)).toEqual([]);
  });

  it("keeps the manners that can be counted", () => {
    expect(mannersViolations(repository)).toEqual([]);
  });
});
