import { describe, expect, it } from "vitest";
import type { State } from "../store/index.ts";
import type { Judged } from "./verdict.ts";
import { compared, type Led } from "./would-change.ts";

const led = (state: Judged, canisters?: Readonly<Record<string, Judged>>): Led => ({
  ...{ state, why: null },
  canisters: canisters && Object.entries(canisters).map(([label, of]) => ({ label, state: of, why: null })),
});
const stands = (state: State, canisters: Readonly<Record<string, State>> = {}) => ({
  ...{ name: "node", state },
  canisters: new Map(Object.entries(canisters)),
});
const kinds = (...told: Parameters<typeof compared>) =>
  Object.fromEntries(compared(...told).map(({ label = "node", as }) => [label, as]));

describe("what a policy changes", () => {
  it.each([
    ["affirming", { affirming: "same", unverifiable: "red", contraindicated: "red" }],
    ["unverifiable", { affirming: "green", unverifiable: "same", contraindicated: "red" }],
    ["contraindicated", { affirming: "green", unverifiable: "other", contraindicated: "same" }],
  ] as const)("counts from %s as what it leads to", (from, counts) => {
    for (const [to, as] of Object.entries(counts)) expect(kinds(stands(from), led(to as Judged))).toEqual({ node: as });
  });

  it.each(["stale", "unknown"] as const)(
    "of a node that is %s counts what it makes worse, and nothing else",
    (from) => {
      const all = ["affirming", "unverifiable", "contraindicated"] as const;
      const counted = all.map((inForce) => all.map((to) => kinds(stands(from), led(to), led(inForce))["node"]));
      expect(counted).toEqual([
        ["same", "red", "red"],
        ["same", "same", "red"],
        ["same", "same", "same"],
      ]);
    },
  );

  it("knows canisters by what stands, by what would and, of a silent node, by the policy in force", () => {
    const before = stands("affirming", { ended: "contraindicated", web: "affirming" });
    expect(kinds(before, led("affirming", { db: "unverifiable", web: "affirming" }))).toEqual({
      ...{ node: "same", db: "other", ended: "same", web: "same" },
    });
    expect(kinds(before, led("unverifiable"))).toEqual({ node: "red", ended: "other", web: "red" });
    expect(kinds(stands("stale"), led("unverifiable"), led("affirming", { db: "affirming" }))).toEqual({
      ...{ node: "red", db: "red" },
    });
  });
});
