import { describe, expect, it } from "vitest";
import { mergePolicies } from "./merge-policies.ts";

const rule = (about: object) => ({ of: ["open"], replaces: 3, accepts: "a name", because: "3 of 3 runs", ...about });
const policy = (...classes: readonly object[]) => JSON.stringify({ classes });
const logs = rule({ at: "$CWD/logs/{log-<n>}.txt" });
const deep = rule({ at: "$CWD/node_modules/a/{<name>}" });

describe("the policy of two branches", () => {
  it("is refused where one branch has two rules for one place, and neither of them is dropped", () => {
    const twice = policy(rule({ at: "$CWD/up/{<name>}", but: ["secret.txt"] }), rule({ at: "$CWD/up/{<name>}" }));
    for (const [ours, theirs] of [
      [twice, policy(logs)],
      [policy(logs), twice],
    ] as const)
      expect(() => mergePolicies(policy(), ours, theirs)).toThrow(
        "policy: classes[1].at: expected a place that classes[0] does not have; keep one of the two",
      );
  });

  it("is a conflict where what one branch withdrew comes back by a tree of the other, until both have the same", () => {
    const tree = rule({ at: "$CWD/node_modules/{<tree>}" });
    const withTree = policy(tree, logs);
    expect(() => mergePolicies(policy(deep, logs), policy(logs), withTree)).toThrow(/deleted it and has no other/);
    expect(mergePolicies(policy(deep, logs), policy(logs, tree), withTree)).toContain("{<tree>}");
    expect(mergePolicies(policy(deep, logs), policy(logs), policy(logs))).not.toContain("node_modules");
  });
});
