/** How often nodes are asked for evidence, where more of it is due than can be judged. */
import { expect, it } from "vitest";
import { Pace, sharedOut, type Spent } from "./pace.ts";

const SECONDS = 10;

/** So many judged in ten seconds, at so many milliseconds each, of which TLS and the like take a half; and other work beside them. */
function judge(
  pace: Pace,
  tenants: Readonly<Record<string, { judged: number; ms: number; nodes: number }>>,
  otherMs = 0,
): void {
  const all = Object.entries(tenants);
  for (const [name, { judged }] of all) for (let at = 0; at < judged; at++) pace.judged(name);
  const spent: Spent = {
    active: all.reduce((sum, [, { judged, ms }]) => sum + judged * ms, otherMs),
    passed: SECONDS * 1000,
    turns: new Map(all.map(([name, { judged, ms }]) => [name, (judged * ms) / 2])),
    nodes: new Map(all.map(([name, { nodes }]) => [name, nodes])),
  };
  pace.look(spent);
  pace.noted(pace.slowest, performance.now());
}

const paceOf = (dueAtMost = 600) => {
  const noted: string[] = [];
  return { pace: new Pace({ due: 60, dueAtMost, stale: 180 }, (line) => noted.push(line)), noted };
};

it("is what is configured while all that is due can be judged", () => {
  const { pace, noted } = paceOf();
  expect([pace.due("acme"), pace.slowest, pace.presumed]).toEqual([60, 60, 60]);
  judge(pace, { acme: { judged: 2500, ms: 2, nodes: 15_000 } });
  expect([pace.due("acme"), pace.slowest, noted]).toEqual([60, 60, []]);
});

it("is so long that the nodes of all fit, and no longer than is configured; what it was before comes back", () => {
  const { pace, noted } = paceOf();
  judge(pace, { acme: { judged: 5000, ms: 2, nodes: 50_000 } });
  // 50 000 nodes at 2 ms take 100 s, of which three quarters of a processor do 75 in 100 s.
  expect([pace.due("acme"), pace.patience(134)]).toEqual([134, 402]);
  judge(pace, { acme: { judged: 1000, ms: 10, nodes: 500_000 } });
  expect(pace.slowest).toBe(600);
  for (let at = 0; at < 40; at++) judge(pace, { acme: { judged: 160, ms: 2, nodes: 1000 } });
  expect(pace.due("acme")).toBe(60);
  expect(noted).toEqual([
    expect.stringContaining("each 134 seconds, not 60, and each 600 at most"),
    expect.stringContaining("each 600 seconds"),
    "all evidence that is due can be judged: nodes are asked for it each 60 seconds again",
  ]);
});

it("slows down the tenant that has too much, and no other for it", () => {
  const { pace } = paceOf();
  judge(pace, { acme: { judged: 4500, ms: 2, nodes: 60_000 }, globex: { judged: 100, ms: 2, nodes: 600 } });
  expect(pace.due("globex")).toBe(60);
  // 2 of a processor, of the 0.75 less 0.02.
  expect(pace.due("acme")).toBe(165);
  expect(pace.due("of another")).toBe(60);
});

it("leaves a tenant its share, whose neighbour sends more than it is asked for", () => {
  const { pace } = paceOf();
  judge(pace, { acme: { judged: 1000, ms: 2, nodes: 45_000 }, flood: { judged: 700, ms: 10, nodes: 1 } });
  // Half of 0.75 for each: the flood takes 0.7 and is told nothing, since its one node needs next to nothing.
  expect([pace.due("acme"), pace.due("flood")]).toEqual([240, 60]);
});

it("is not slowed down by what is refused at the door, while what is due can be judged all the same", () => {
  const { pace } = paceOf();
  // A tenth of the event loop is for evidence, and strangers take the rest.
  for (let at = 0; at < 100; at++) judge(pace, { acme: { judged: 500, ms: 2, nodes: 3000 } }, 9000);
  expect(pace.due("acme")).toBe(60);
  // Where it is more than fits beside them, it is slower, and stays so.
  for (let at = 0; at < 100; at++) judge(pace, { acme: { judged: 1500, ms: 2, nodes: 30_000 } }, 7000);
  expect(pace.due("acme")).toBe(240);
});

it("is never slower where it may not be, and says nothing then", () => {
  const { pace, noted } = paceOf(60);
  judge(pace, { acme: { judged: 5000, ms: 2, nodes: 50_000 } });
  expect([pace.due("acme"), noted]).toEqual([60, []]);
});

it("is told to no node before the database has it, nor long after that", () => {
  const { pace } = paceOf();
  for (let at = 0; at < 5000; at++) pace.judged("acme");
  const look = { active: 10_000, passed: 10_000, turns: new Map([["acme", 5000]]), nodes: new Map([["acme", 50_000]]) };
  pace.look(look);
  expect([pace.slowest, pace.due("acme", 0)]).toEqual([134, 60]);
  pace.noted(100, 1000);
  expect([1000, 30_999, 31_000].map((now) => pace.due("acme", now))).toEqual([100, 100, 60]);
  pace.noted(300, 2000);
  expect([pace.due("acme", 2000), pace.due("of another", 2000)]).toEqual([134, 60]);
});

it("of a node that another verifier told is presumed to be the longest that was told", () => {
  const { pace } = paceOf();
  pace.heard(300);
  expect([pace.presumed, pace.patience(300), pace.patience(60)]).toEqual([300, 900, 180]);
  pace.heard(0);
  expect(pace.presumed).toBe(60);
});

it("is what is configured for a tenant that had nothing judged for long, and for one that has no node any more", () => {
  const { pace } = paceOf();
  judge(pace, { acme: { judged: 1, ms: 2, nodes: 1 }, gone: { judged: 1, ms: 2, nodes: 1 } });
  const idle: Spent = { active: 0, passed: 10_000, turns: new Map(), nodes: new Map([["acme", 1]]) };
  for (let at = 0; at < 100; at++) {
    pace.look(idle);
    expect([pace.due("acme"), pace.due("gone"), pace.slowest]).toEqual([60, 60, 60]);
  }
  pace.look({ ...idle, passed: 0 });
  pace.look({ ...idle, turns: new Map([["acme", 0]]) });
  expect([pace.due("acme"), pace.slowest]).toEqual([60, 60]);
});

it("counts what a tenant takes of whose nodes nothing is judged", () => {
  const { pace } = paceOf();
  for (let at = 0; at < 2000; at++) pace.judged("acme");
  const turns = new Map([
    ["acme", 4000],
    ["brings", 6000],
  ]);
  pace.look({ active: 10_000, passed: 10_000, turns, nodes: new Map([["acme", 15_000]]) });
  pace.noted(pace.slowest, performance.now());
  // Half of 0.75 for each, of the 0.5 that it needs.
  expect(pace.due("acme")).toBe(80);
});

it("shares out equally what is too little", () => {
  const needs = new Map([
    ["a", 0.1],
    ["b", 0.5],
    ["c", 2],
  ]);
  expect([...sharedOut(needs, 3)]).toEqual([...needs]);
  expect([...sharedOut(needs, 0.7)].map(([name, got]) => [name, Math.round(got * 100)])).toEqual([
    ["a", 10],
    ["b", 30],
    ["c", 30],
  ]);
});
