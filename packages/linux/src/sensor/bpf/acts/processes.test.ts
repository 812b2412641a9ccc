import { expect, test } from "vitest";
import type { Identity } from "../../acting.ts";
import { dependsOnRelation } from "../asked.ts";
import { ProcessTable } from "../processes.ts";
import type { Record } from "../record.ts";
import { ProcessActs } from "./processes.ts";

/** More than any kernel counts to (PID_MAX_LIMIT). */
const NOBODYS = 4_194_305;
const identity = { serial: 0, id: "of a program" } as unknown as Identity;

/** An act whose last arguments are these: a process number, and a process id. */
const about = (process: number, pid: number) =>
  ({
    pid: NOBODYS,
    tid: NOBODYS,
    argument: (index: number) => [0, 0, process, pid][index],
    upperArgument: () => 0,
  }) as unknown as Record;

const table = new ProcessTable(({ pid }) => pid === process.pid);
const actor = table.add(1, NOBODYS, 0, identity);
const child = table.add(2, NOBODYS + 1, 1, identity);
const acts = new ProcessActs(table);
const outside = { relation: "outside" };

test("a process that the kernel found is the one with its number, whatever the id means by now", () => {
  expect(acts.sigio(about(child.handle, process.pid), actor)).toMatchObject({ subject: { relation: "child" } });
});

test("the id of a process of the namespace that has ended is that of the process outside that has it by now", () => {
  table.remove(table.add(3, process.pid, 1, identity));
  expect(acts.sigio(about(0, process.pid), actor)).toStrictEqual({ op: "sigio", subject: outside });
  expect(acts.perf(about(0, process.pid), actor)).toMatchObject({ subject: outside });
});

test("a group has the id of a process of the namespace, unless a process outside has that id by now", () => {
  const toGroup = (group: number) =>
    acts.kill({ argument: () => group, upperArgument: () => 1 } as unknown as Record, actor);
  expect(toGroup(child.pid)).toMatchObject({ subject: { relation: "namespace-group" } });
  table.add(4, process.pid, 1, identity);
  expect(toGroup(process.pid)).toMatchObject({ subject: { relation: "outside-group" } });
});

test("an act on another process is not known by its key, and one on itself is", () => {
  expect(dependsOnRelation(acts.kill(about(child.handle, 0), actor))).toBe(true);
  expect(dependsOnRelation(acts.perf(about(0, child.pid), actor))).toBe(true);
  expect(dependsOnRelation(acts.perf(about(0, 0), actor))).toBe(false);
});

test("a process is the parent of its child, and not of its grandchild, also after the child has ended", () => {
  const between = table.add(10, NOBODYS + 10, 1, identity);
  const grandchild = table.add(11, NOBODYS + 11, 10, identity);
  table.remove(between);
  const relation = (of: number) => acts.sigio(about(of, 0), actor);
  expect(relation(grandchild.handle)).toMatchObject({ subject: { relation: "namespace" } });
  expect(relation(between.handle)).toMatchObject({ subject: { relation: "child" } });
});
