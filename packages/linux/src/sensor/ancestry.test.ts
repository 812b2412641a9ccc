import { expect, test } from "vitest";
import type { ActingProcess } from "./acting.ts";
import { Ancestry } from "./ancestry.ts";
import { relationOf } from "./relation.ts";

interface Kin extends Pick<ActingProcess, "pid" | "countsAnew" | "atOwnRoot"> {
  parent: Kin | undefined;
  hasGap: boolean;
}

/** Processes that live, by pid, and the memory of those that do not. */
function family(awaited: () => Iterable<Kin> = () => []) {
  const living = new Map<number, Kin>();
  const ancestry = new Ancestry<Kin>(() => living.values(), awaited);
  let last = 0;
  const born = (parent?: Kin): Kin => {
    const process = { pid: ++last, parent, hasGap: false, countsAnew: false, atOwnRoot: true };
    living.set(process.pid, process);
    return process;
  };
  const ends = (process: Kin) => {
    living.delete(process.pid);
    ancestry.ended(process);
  };
  /** A line of so many processes below this one, of which only the last lives. */
  const line = (from: Kin, count: number): Kin => {
    let at = born(from);
    for (let more = 1; more < count; more++) {
      const next = born(at);
      ends(at);
      at = next;
    }
    return at;
  };
  const relation = (actor: Kin, other: Kin) => {
    const find = (pid: number) => living.get(pid) as ActingProcess | undefined;
    return relationOf(
      { processes: [], actor: find, find, owner: find, pidCalled: () => undefined },
      other.pid,
      actor.pid,
      false,
      find,
    );
  };
  return { living, born, ends, line, relation };
}

/** All records that these processes lead to. */
function reachable(processes: Iterable<Kin>): number {
  const found = new Set<Kin>();
  for (const process of processes)
    for (let at: Kin | undefined = process; at && !found.has(at); at = at.parent) found.add(at);
  return found.size;
}

test("of a chain of a hundred thousand forks, the process that lives holds few, and the first is its ancestor", () => {
  const { living, born, line, relation } = family();
  const first = born();
  const last = line(first, 100_000);
  expect(living.size).toBe(2);
  expect(reachable(living.values())).toBeLessThan(3000);
  expect(relation(last, first)).toBe("ancestor");
  expect(relation(first, last)).toBe("namespace");
});

test("what lives is an ancestor across any number of dead ones between, and others are not", () => {
  const { born, ends, line, relation } = family();
  const first = born();
  const second = line(first, 5000);
  const aside = born(first);
  const third = line(second, 5000);
  const [short, middle] = [born(first), born(first)];
  const below = born(middle);
  ends(middle);
  expect([first, second, aside].map((other) => relation(third, other))).toEqual(["ancestor", "ancestor", "namespace"]);
  expect([first, short].map((other) => relation(below, other))).toEqual(["ancestor", "namespace"]);
});

test("a living process keeps its own parent and the nearest dead ones above, and the next is known to be further up", () => {
  const { born, line } = family();
  const first = born();
  const last = line(first, 3000);
  const above: Kin[] = [];
  for (let at = last.parent; at && at !== first; at = at.parent) above.push(at);
  expect(above.slice(0, 64).map(({ pid }) => pid)).toEqual(above.slice(0, 64).map((_, index) => last.pid - 1 - index));
  expect(above.filter(({ hasGap }) => hasGap).length).toBe(1);
});

test("many lines whose ancestors all lived at once, and then ended, are not kept either", () => {
  const { living, born, ends } = family();
  const first = born();
  for (let lines = 0; lines < 100; lines++) {
    const line = [born(first)];
    for (let more = 1; more < 1000; more++) line.push(born(line.at(-1)));
    for (const process of line.slice(0, -1)) ends(process);
  }
  expect(living.size).toBe(101);
  expect(reachable(living.values())).toBeLessThan(40_000);
});

test("a dead process that may yet be found to be a parent knows what lives above it", () => {
  const awaited: Kin[] = [];
  const { born, ends, line, relation } = family(() => awaited);
  const first = born();
  const forker = born(line(first, 100));
  awaited.push(forker);
  ends(forker);
  line(first, 3000);
  expect(relation(born(forker), first)).toBe("ancestor");
});

test("a number that is more than a thousand processes up counts as that of another process of the namespace", () => {
  const { born, relation } = family();
  const line = [born()];
  for (let more = 0; more < 1500; more++) line.push(born(line.at(-1)));
  const [last, near, far] = [line[1500], line[1000], line[0]] as [Kin, Kin, Kin];
  expect([relation(last, near), relation(last, far)]).toEqual(["ancestor", "namespace"]);
});
