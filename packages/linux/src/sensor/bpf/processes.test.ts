import { expect, test } from "vitest";
import type { Identity } from "../acting.ts";
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
  const table = new ProcessTable();
  table.remove(table.add(1, process.pid, 0, identity));
  expect(table.recent(process.pid)).toBeDefined();
  expect(table.owner(process.pid)).toBeUndefined();
});

test("a number that another of the namespace has by now is that one's", () => {
  const table = new ProcessTable();
  table.remove(table.add(1, NOBODYS, 0, identity));
  const next = table.add(2, NOBODYS, 0, identity);
  expect(table.owner(NOBODYS)).toBe(next);
});

test("a process is of an untold one if its parent was never added, and not if that has ended", () => {
  const table = new ProcessTable();
  const first = table.add(1, NOBODYS, 0, identity);
  table.remove(first);
  const [of, beyond] = [table.add(4, NOBODYS, 1, identity), table.add(5, NOBODYS, 2, identity)];
  expect([first, of, beyond].map((process) => table.isOfUntold(process))).toEqual([false, false, true]);
});
