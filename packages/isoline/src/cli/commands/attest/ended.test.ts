import type { Ending } from "@isoline/attest/appraise";
import { describe, expect, it } from "vitest";
import { checkOf, statusWith } from "./ended.ts";

const ending = (failure: Ending["failure"]): Ending => ({ label: "web", birth: 1, failure, why: "it ended" });

describe("a canister that ended", () => {
  it.each([
    ["off-contour", "contraindicated", "trust"],
    ["incomplete", "unverifiable", "losses"],
  ] as const)("%s is %s, by the check %s", (failure, status, name) => {
    expect(checkOf(ending(failure))).toMatchObject({ status, check: { name, failure, why: "it ended" } });
    expect(statusWith({ status: "affirming", endings: [ending(failure)] })).toBe(status);
  });

  it("makes no verdict better", () => {
    expect(statusWith({ status: "affirming", endings: [] })).toBe("affirming");
    expect(statusWith({ status: "contraindicated", endings: [ending("incomplete")] })).toBe("contraindicated");
    expect(statusWith({ status: "unverifiable", endings: [ending("off-contour")] })).toBe("contraindicated");
  });
});
