import { checks } from "@isoline/attest/appraise";
import type { Link } from "@isoline/verifier";
import { describe, expect, it } from "vitest";
import { canisterStages, nodeStages, worstOf } from "./chain.ts";
import { familyOf } from "./families.ts";
import { stateOf } from "./states.ts";

const outcomes = (stages: ReturnType<typeof nodeStages>) =>
  Object.fromEntries(stages.map(({ title, steps }) => [title, worstOf(steps)]));

describe("the chain of a node", () => {
  it("begins with the hardware, and shows a check that was not made as not reached", () => {
    const stages = nodeStages([
      { name: "format", state: "passed" },
      { name: "chain", state: "passed" },
      { name: "quote", state: "failed", failure: "broken-evidence", why: "expected a signature" },
    ]);
    expect(stages.map(({ title }) => title)).toStrictEqual(["Hardware", "Evidence", "Boot", "Kernel", "Ledger"]);
    expect(outcomes(stages)).toMatchObject({ Hardware: "failed", Boot: "unreached", Evidence: "unreached" });
    expect(stages[0]?.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toStrictEqual([
      "chain passed",
      "quote failed",
      "machine unreached",
      "counters unreached",
    ]);
  });

  it("shows a check that this evidence has no part for as not made, where all others passed", () => {
    const stages = nodeStages([
      { name: "chain", state: "passed" },
      { name: "quote", state: "passed" },
    ]);
    expect(outcomes(stages)).toMatchObject({ Hardware: "passed", Boot: "unmade" });
    expect(stages[0]?.steps[2]).toMatchObject({ name: "machine", outcome: "unmade" });
  });

  it("claims nothing of a TPM for a node that has none, and says that its machine vouches for it", () => {
    const names = [
      "format",
      "freshness",
      "policy",
      "chain",
      "machine",
      "software",
      "node-clock",
      "node-losses",
      "tree",
    ];
    const [hardware, , boot] = nodeStages(names.map((name): Link => ({ name, state: "passed" })));
    expect(hardware?.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toStrictEqual([
      "chain passed",
      "quote unmade",
      "machine passed",
      "counters unmade",
    ]);
    expect(worstOf(boot?.steps ?? [])).toBe("unmade");
  });

  it("takes nothing for proven where there is no evidence", () => {
    expect(new Set(Object.values(outcomes(nodeStages([]))))).toStrictEqual(new Set(["unreached"]));
  });

  it("has a place for every check of an appraisal", () => {
    const links = Object.keys(checks).map((name): Link => ({ name, state: "passed" }));
    const placed = [...nodeStages([]), ...canisterStages([])].flatMap(({ steps }) => steps.map(({ name }) => name));
    expect(placed.toSorted()).toStrictEqual(links.map(({ name }) => name).toSorted());
  });

  it("asks what the appraisal asks", () => {
    expect(canisterStages([])[0]?.steps[0]?.asks).toBe("does the policy accept this label, mode and sensor?");
  });

  it("shows a check that it does not know, and takes an unknown outcome for a failure", () => {
    const stages = nodeStages([{ name: "__proto__", state: "splendid" as "passed" }]);
    expect(stages.at(-1)).toMatchObject({ title: "Other checks", steps: [{ name: "__proto__", outcome: "failed" }] });
  });
});

describe("words from the wire", () => {
  it.each([
    ["affirming", "affirming"],
    ["splendid", "unknown"],
    [undefined, "unknown"],
    ["__proto__", "unknown"],
  ])("the state %s is %s", (said, state) => {
    expect(stateOf(said)).toBe(state);
  });

  it.each([
    ["open", "read"],
    ["open read,write", "write"],
    ["exec", "run"],
    ["connect", "network"],
    ["constructor", "system"],
  ])("%s belongs to %s", (operation, family) => {
    expect(familyOf(operation)).toBe(family);
  });
});
