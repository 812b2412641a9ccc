import type { Change, NodeInList } from "@isoline/verifier";
import { describe, expect, it } from "vitest";
import { countsOf, isOf, nodeAfter, totalOf } from "./counting.ts";

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
  it("is counted by the states that nodes have, one that the page does not know as unknown", () => {
    const all = ["affirming", "affirming", "stale", "another"].map((state) => ({ ...node, state }) as NodeInList);
    expect(countsOf(all)).toStrictEqual({ affirming: 2, stale: 1, unknown: 1 });
    expect(totalOf(countsOf(all))).toBe(4);
  });

  it("concerns a view of its node, and a view of a canister where it is of that one or of the node", () => {
    const ofWeb = { ...change, label: "web" };
    expect([change, ofWeb].map((one) => isOf(one, "a"))).toStrictEqual([true, false]);
    expect([change, ofWeb, { ...change, label: "db" }].map((one) => isOf(one, "a", "web"))).toStrictEqual([
      true,
      true,
      false,
    ]);
    expect([isOf(change, "b"), isOf(ofWeb, "b", "web")]).toStrictEqual([false, false]);
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

  it("to another failure of the same state keeps the time since when it is in that state; another revocation is one anew", () => {
    const bad = nodeAfter(node, { ...change, failure: "rollback" });
    const later = { ...change, at: "2026-11-27T00:09:00.000Z", from: "contraindicated" } as const;
    expect(nodeAfter(bad, { ...later, failure: "off-contour" })).toMatchObject({
      failure: "off-contour",
      since: change.at,
    });
    const revoked = nodeAfter(node, { ...change, to: "revoked" });
    expect(nodeAfter(revoked, { ...later, from: "revoked", to: "revoked" }).since).toBe(later.at);
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
