/** A departure is explained once, and again where it may be explained otherwise. */
import { DEFAULT_POLICY, deriveTask } from "@isoline/core/identity";
import { describe, expect, it, vi } from "vitest";
import { departuresFrom } from "../../packages/isoline/src/namespace/explaining.ts";
import { KeptExplanations } from "../../packages/isoline/src/namespace/kept-explanations.ts";
import type { ExplainedDeparture } from "../../packages/isoline/src/namespace/model.ts";
import { OwnModel } from "../../packages/isoline/src/namespace/own-model.ts";
import { by, event, executes, image, learnt, node, npm, opens, sh } from "./workload.ts";

const acts = [executes(npm, "/usr/bin/sh"), executes(sh, "/usr/bin/node"), opens(node, "$CWD/a.js")];
const signal = event(sh, "kill", { signal: 15, relation: "descendant", target: node.id });
const newNode = deriveTask(sh.id, [image("/usr/bin/node", "node 2"), image("/lib/ld.so")]);

type Judged = Parameters<OwnModel["engine"]["judge"]>;

function departed(...departures: readonly Judged[]) {
  const contour = learnt(...acts, signal);
  const model = new OwnModel({ contour, policy: DEFAULT_POLICY, mode: "enforce" });
  for (const [act, circumstances] of departures) model.engine.judge(act, circumstances);
  return { model, contour };
}

describe("the explanation of a departure", () => {
  it("is made once: the contour is not searched again", () => {
    const { model, contour } = departed([opens(node, "/etc/passwd"), by(1)], [opens(node, "/etc/shadow"), by(1)]);
    const search = vi.spyOn(contour, "indexOf");
    const first = model.explained(0, 100);
    const searches = search.mock.calls.length;
    expect(searches).toBeGreaterThan(0);
    expect(model.explained(0, 100)).toEqual(first);
    expect(model.explained(1, 1)).toEqual(first.slice(1));
    expect(search).toHaveBeenCalledTimes(searches);
  });

  it("comes with the present count", () => {
    const { model } = departed([opens(node, "/etc/passwd"), by(1)]);
    const counts = () => departuresFrom(model, 0, () => ({ first: 0, last: 0 })).map(({ count }) => count);
    expect(counts()).toEqual([1]);
    model.engine.judge(opens(node, "/etc/passwd"), by(1));
    expect(counts()).toEqual([2]);
  });

  it("is made anew once the contour permits more", () => {
    const { model } = departed([opens(node, "/etc/passwd"), by(1)]);
    expect(model.explained(0, 1)).toMatchObject([{ why: expect.stringContaining("nearest on contour") }]);
    model.amend(learnt(...acts, signal, opens(node, "/etc/passwd")));
    expect(model.explained(0, 1)).toMatchObject([
      { why: expect.stringMatching(/; this is on the contour now, and was not when it happened$/) },
    ]);
  });

  it("is made anew as long as a program in it is not known yet", () => {
    const early = event(sh, "kill", { signal: 15, relation: "descendant", target: newNode.id });
    const { model } = departed([early, by(1, sh)]);
    expect(model.explained(0, 1)).toMatchObject([{ class: "new" }]);
    model.engine.judge(opens(newNode, "$CWD/a.js"), by(2, newNode));
    expect(model.explained(0, 1)).toMatchObject([{ class: "updated-program" }]);
  });

  it("ends a page, where the time for it is over: at least one is in it", () => {
    const { model } = departed(...["a", "b", "c"].map((name): Judged => [opens(node, `/etc/${name}`), by(1)]));
    expect(model.explained(0, 100, -1)).toHaveLength(1);
    expect(model.explained(1, 100, -1)).toHaveLength(1);
    expect(model.explained(3, 100, -1)).toEqual([]);
  });
});

describe("explanations that are kept", () => {
  const of = (characters: number) =>
    ({ why: "x".repeat(characters), changed: [], renamed: [] }) as unknown as ExplainedDeparture;

  it("take no more memory than that, and the first ones stay", () => {
    const kept = new KeptExplanations(100);
    const all = () => [0, 1, 2, 3].map((index) => kept.at(index, 7) !== undefined);
    kept.at(0, 7);
    kept.keep(3, of(60));
    expect(all()).toEqual([false, false, false, true]);
    kept.keep(0, of(60));
    expect(all()).toEqual([true, false, false, false]);
    kept.keep(1, of(60));
    kept.keep(2, of(30));
    expect(all()).toEqual([true, false, true, false]);
  });

  it("are forgotten when the contour has more points", () => {
    const kept = new KeptExplanations();
    kept.at(0, 7);
    kept.keep(0, of(10));
    expect(kept.at(0, 7)).toEqual(of(10));
    expect(kept.at(0, 8)).toBeUndefined();
  });
});
