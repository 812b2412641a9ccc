import { expect, test } from "vitest";
import type { Surroundings } from "./observation.ts";
import { PidNames } from "./pid-names.ts";

const surroundings: Surroundings = {
  relationOf: (pid, actor) =>
    pid === actor ? "self" : pid === 1500 ? "ancestor" : pid >= 2000 && pid < 2100 ? "namespace" : "outside",
  ownerIn: () => "outside",
  isOwnPort: () => false,
  isOwnPeer: () => false,
  ownerOfName: () => "others",
};
const holds = (name: string, pid: number) => new PidNames(surroundings).holdsPid(name, pid);

test.each([
  ["agent.1234", 1234, true],
  ["lock-1234-x", 1234, true],
  ["x1234y", 1234, true],
  ["agent.1235", 1234, false],
  ["agent.01234", 1234, false],
  ["agent.12345", 1234, false],
  ["agent.42", 42, false],
  ["temp-42.rdb", 42, true],
  ["tmp1", 1, false],
  [".tmp-2050-pack", 1234, true],
  ["x2050y", 1234, false],
  ["conf1500.file", 1234, true],
  ["conf1500subs.awk", 1234, true],
  ["conf15001", 1234, false],
  ["agent.3000", 1234, false],
  ["a\\x20b", 20, false],
  ["name", 1234, false],
  ["1234".repeat(200), 1234, false],
])("%s made by process %i: %s", (name, pid, expected) => {
  expect(holds(name, pid)).toBe(expected);
});

test("in a pid namespace of its own, where it has another number", () => {
  const inside = new PidNames({
    ...surroundings,
    relationOf: (pid) => (pid === 13 || pid === 113 ? "self" : "outside"),
  });
  const held = ["temp-13.rdb", "temp-14.rdb", "log-13", "agent.113"].filter((name) => inside.holdsPid(name, 4711));
  expect(held).toEqual(["temp-13.rdb", "agent.113"]);
});

test("a program that numbers its files is not mistaken for one that uses its id", () => {
  const names = new PidNames(surroundings);
  const found = Array.from({ length: 20 }, (_, index) => names.holdsPid(`page-${1225 + index}.html`, 1234));
  expect(found).not.toContain(true);
});

test("nor is one that numbers several kinds of files at once", () => {
  const names = new PidNames(surroundings);
  const tables = [1232, 1233, 1234, 1235].flatMap((table) => ["", "_fsm", "_vm"].map((fork) => `${table}${fork}`));
  expect(tables.filter((name) => names.holdsPid(name, 1234))).toEqual([]);
});

test("the memory for one process is bounded", () => {
  const names = new PidNames(surroundings);
  names.holdsPid("a1", 1234);
  for (const letter of "bcdefghi") names.holdsPid(`${letter}1`, 1234);
  expect(names.holdsPid("a1234", 1234)).toBe(true);
  expect(names.holdsPid("i1234", 1234)).toBe(false);
});

test("a program that uses its id repeatedly is recognised", () => {
  const names = new PidNames(surroundings);
  expect(["a.1234.0", "a.1234.1", "a.1234.2"].map((name) => names.holdsPid(name, 1234))).toEqual([true, true, true]);
});
