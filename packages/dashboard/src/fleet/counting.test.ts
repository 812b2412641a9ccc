import type { Change, NodeInList } from "@isoline/verifier";
import { describe, expect, it } from "vitest";
import { moved, nodeAfter, totalOf, without } from "./counting.ts";

const node: NodeInList = {
  name: "a",
  id: "0".repeat(64),
  tenant: "t",
  labels: {},
  state: "affirming",
  since: "2026-11-27T00:00:00.000Z",
  enrolled: "2026-11-01T00:00:00.000Z",
  root: "tpm",
  canisters: { affirming: 2, contraindicated: 0, unverifiable: 0, stale: 0 },
};
const change: Change = { at: "2026-11-27T00:01:00.000Z", node: "a", from: "affirming", to: "contraindicated" };

describe("a change of a verdict", () => {
  it("moves one from one state to the other, and keeps the sum", () => {
    const counts = moved({ affirming: 3, stale: 1 }, "affirming", "contraindicated");
    expect(counts).toStrictEqual({ affirming: 2, contraindicated: 1, stale: 1 });
    expect(totalOf(counts)).toBe(4);
  });

  it("to gone takes from each count what was there, and no more", () => {
    expect(without({ affirming: 3, stale: 1 }, { affirming: 2, stale: 4, unknown: 1 })).toStrictEqual({
      affirming: 1,
      stale: 0,
    });
  });

  it("of a node changes the node, with its reason and its time", () => {
    expect(nodeAfter(node, { ...change, failure: "rollback", why: "the clock went back" })).toMatchObject({
      state: "contraindicated",
      failure: "rollback",
      why: "the clock went back",
      since: change.at,
    });
  });

  it("back to affirming takes the old reason away", () => {
    const bad = nodeAfter(node, { ...change, why: "the clock went back" });
    expect(nodeAfter(bad, { ...change, from: "contraindicated", to: "affirming" }).why).toBeUndefined();
  });

  it("of a canister changes only what the node counts", () => {
    const after = nodeAfter(node, { ...change, label: "web" });
    expect(after).toMatchObject({ state: "affirming", canisters: { affirming: 1, contraindicated: 1 } });
  });

  it("to a state that nothing counts only takes the canister away", () => {
    const after = nodeAfter(node, { ...change, label: "web", to: "revoked" });
    expect(after.canisters).toStrictEqual({ affirming: 1, contraindicated: 0, unverifiable: 0, stale: 0 });
  });
});
