/** stress-ng inside: a selection, a second each. `node test/foreign/run.mjs --full stress-ng` runs them all. */
import { describe, expect, it } from "vitest";
import { present } from "../../tools/run.mjs";
import { compare } from "./comparison.mjs";
import { runStress } from "./stress.mjs";
import { ORDINARY } from "./workload.mjs";

/** One or two of each kind: names, files, sockets, processes, signals, terminals, and stressors that differ by design. */
const selection = ["rename", "sockfd", "fork", "exec", "ptrace", "pty", "io-uring", "seccomp"];

describe.skipIf(!present("stress-ng"))("stress-ng ends inside as it does outside", () => {
  it.each(selection)("%s", async (name) => {
    const { tests, differences, losses } = await compare(name, (side) => runStress(name, side, ORDINARY), ["watch"]);
    expect(tests).toBeGreaterThan(0);
    expect(differences.filter((difference) => difference.name === undefined)).toEqual([]);
    expect(losses).toEqual([]);
  });

  it("the comparison reports a difference", async () => {
    const { differences } = await compare("x", async (side) => ({
      tests: new Map([["x", { word: side === "outside" ? "passed" : "failed", why: "" }]]),
    }));
    expect(differences.map(({ outside, inside, name }) => [outside, inside, name])).toEqual([
      ["passed", "failed", undefined],
      ["passed", "failed", undefined],
    ]);
  });
});
