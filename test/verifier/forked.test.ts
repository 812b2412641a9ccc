/** A canister that took something back stays red: what it went on from is no new beginning, however often it says the same. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CanisterBody } from "../../packages/attest/src/evidence/index.ts";
import { canisterSample, digest } from "../attest/samples.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

describe("a canister that took something back", () => {
  const rig = new Rig();
  const nodes = ["fork", "counters", "points", "hidden", "anew"].map((name) => new SoftwareNode(name));
  const [fork, counters, points, hidden, anew] = nodes as [
    SoftwareNode,
    SoftwareNode,
    SoftwareNode,
    SoftwareNode,
    SoftwareNode,
  ];
  const events = (count: number) => ({ events: count, departures: 0, refused: 0, lost: 0, untrusted: 0 });
  const said = async (node: SoftwareNode, change: Partial<CanisterBody> = {}) => {
    const { body } = await rig.attest(node, { canisters: [canisterSample("web", change)] });
    const [{ state, failure } = {}] = body.canisters;
    return failure === undefined ? state : `${state}: ${failure}`;
  };

  beforeAll(async () => {
    await rig.enrol(nodes);
    await rig.start();
    await rig.rules();
  });
  afterAll(() => rig.close());

  it("is a fork each time that it goes on from other points, and affirmed once it goes on from those that counted", async () => {
    expect(await said(fork)).toBe("affirming");
    for (let times = 0; times < 3; times++)
      expect(await said(fork, { measurement: digest(9) })).toBe("contraindicated: equivocation");
    expect(await said(fork)).toBe("affirming");
    expect(await said(fork, { points: 8, measurement: digest(9) })).toBe("affirming");
  });

  it.each([
    ["events", counters, { counters: events(99) }],
    ["points", points, { points: 6 }],
  ] as const)("is set back each time that it counts fewer %s", async (_, node, back) => {
    expect(await said(node)).toBe("affirming");
    for (let times = 0; times < 3; times++) expect(await said(node, back)).toBe("contraindicated: rollback");
    expect(await said(node, { points: 8, measurement: digest(9), counters: events(101) })).toBe("affirming");
  });

  it("hides no fork behind an earlier check that fails", async () => {
    expect(await said(hidden)).toBe("affirming");
    const forked = { measurement: digest(9) };
    expect(await said(hidden, { ...forked, mode: "watching" })).toBe("contraindicated: unknown-contour");
    expect(await said(hidden, forked)).toBe("contraindicated: equivocation");
    expect(await said(hidden, { counters: events(50), mode: "watching" })).toBe("contraindicated: unknown-contour");
    expect(await said(hidden, { counters: events(60) })).toBe("contraindicated: rollback");
  });

  it("is another run once it was started anew, and begins with what it says then", async () => {
    expect(await said(anew)).toBe("affirming");
    expect(await said(anew, { measurement: digest(9) })).toBe("contraindicated: equivocation");
    const later = { started: 1_789_999_500_000, counters: events(3), points: 2 };
    expect(await said(anew, later)).toBe("affirming");
    expect(await said(anew, { ...later, points: 1 })).toBe("contraindicated: rollback");
  });
});
