import { expect, test } from "vitest";
import type { Identity } from "../acting.ts";
import { relationOf } from "../relation.ts";
import { ProcessTable } from "./processes.ts";

/** More than any kernel counts to (PID_MAX_LIMIT). */
const NOBODYS = 4_194_305;
const identity = { serial: 0 } as Identity;

test("a directory in /proc is still that of a process that has ended, and not of one that was never there", () => {
  const table = new ProcessTable();
  const process = table.add(1, NOBODYS, 0, identity);
  expect(table.owner(NOBODYS)).toBe(process);
  table.remove(process);
  expect(table.find(NOBODYS)).toBeUndefined();
  expect(table.owner(NOBODYS)).toBe(process);
  expect(table.owner(NOBODYS + 1)).toBeUndefined();
});

test("a number that a process outside has by now is that process's", () => {
  const table = new ProcessTable(({ handle }) => handle < 3);
  table.remove(table.add(1, NOBODYS, 0, identity));
  expect(table.recent(NOBODYS)).toBeDefined();
  expect(table.owner(NOBODYS)).toBeUndefined();
  // The end of this one was not told.
  table.add(2, NOBODYS, 0, identity);
  expect([table.owner(NOBODYS), table.find(NOBODYS)]).toEqual([undefined, undefined]);
  const next = table.add(3, NOBODYS, 0, identity);
  expect([table.owner(NOBODYS), table.find(NOBODYS)]).toEqual([next, next]);
});

test("what acted before a process outside has its number is still below its ancestors", () => {
  const table = new ProcessTable(({ handle }) => handle === 2);
  const first = table.add(1, NOBODYS, 0, identity);
  const actor = table.add(2, NOBODYS + 1, 1, identity);
  const find = (pid: number) => table.find(pid);
  const at = {
    processes: [],
    actor: (pid: number) => table.recent(pid),
    find,
    owner: find,
    pidCalled: () => undefined,
  };
  expect(relationOf(at, first.pid, actor.pid, false, find)).toBe("ancestor");
});

test("a number that another of the namespace has by now is that one's", () => {
  const table = new ProcessTable();
  table.remove(table.add(1, NOBODYS, 0, identity));
  const next = table.add(2, NOBODYS, 0, identity);
  expect(table.owner(NOBODYS)).toBe(next);
});

test("an id in a pid namespace of its own is not the process outside, nor another of the namespace, that has this number", () => {
  const table = new ProcessTable();
  const numbers = (number: number) => [{ number, namespace: 4_026_533_000 }];
  const actor = table.add(1, NOBODYS, 0, identity, numbers(7));
  const sibling = table.add(2, 7, 0, identity, numbers(8));
  const untold = table.add(3, NOBODYS + 1, 0, identity);
  expect(table.called(untold, 7)).toBe(sibling);
  untold.countsAnew = true;
  expect([table.called(actor, 7), table.called(actor, 8)]).toEqual([actor, sibling]);
  expect(table.called(untold, 7)).toBeUndefined();
});

test("a process is of an untold one if its parent was never added, and not if that has ended", () => {
  const table = new ProcessTable();
  const first = table.add(1, NOBODYS, 0, identity);
  table.remove(first);
  const [of, beyond] = [table.add(4, NOBODYS, 1, identity), table.add(5, NOBODYS, 2, identity)];
  expect([first, of, beyond].map((process) => table.isOfUntold(process))).toEqual([false, false, true]);
});

test("of a chain of forks the last process holds few of those that have ended, and is still a child of its parent only", () => {
  const table = new ProcessTable();
  let last = table.add(1, 1, 0, identity);
  for (let handle = 2; handle <= 100_000; handle++) {
    const next = table.add(handle, handle, handle - 1, identity);
    table.remove(last);
    last = next;
  }
  let held = 0;
  for (let at = last.parent; at; at = at.parent) held += 1;
  expect(held).toBeLessThan(3000);
  expect(last.parent?.handle).toBe(99_999);
});
