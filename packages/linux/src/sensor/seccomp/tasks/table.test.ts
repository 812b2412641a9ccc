import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { relationOf } from "../../relation.ts";
import { DescriptorBudget } from "./descriptor-budget.ts";
import type { Process, Thread } from "./process.ts";
import { TaskTable } from "./table.ts";

const children: ChildProcess[] = [];
const left: number[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const pid of left.splice(0)) process.kill(pid, "SIGKILL");
});

/** A table whose first process is a child of this one; `died` is told of each process that has ended. */
function tableOf(died: (process: Process) => void): TaskTable {
  return new TaskTable(
    process.pid,
    {
      ...{ born: () => undefined, guessed: () => undefined, isWaiting: () => true },
      died,
      unidentified: () => expect.unreachable(),
    },
    new DescriptorBudget(),
  );
}

test("what another process starts is not taken for a task that has ended, whose number it may have", async () => {
  const table = tableOf(() => undefined);
  const [first, launcher] = [spawn("sleep", ["60"]), spawn("sleep", ["60"])];
  children.push(first, launcher);
  const number = first.pid as number;
  const { process: known } = table.thread(number) as Thread;
  // No task has been created since: nothing is read.
  expect(table.thread(number)?.process).toBe(known);
  expect(table.launchedBy(launcher.pid as number)).toBe(true);
  expect(table.thread(number)?.process).toBe(known);
  first.kill("SIGKILL");
  await once(first, "exit");
  expect(table.thread(number)).toBeUndefined();
  table.close();
});

test("a process is still an ancestor of what its child forked, once that child has ended and was waited for", async () => {
  const died: number[] = [];
  const table = tableOf(({ pid }) => died.push(pid));
  // A shell forks another, which forks a third and ends when it is told to.
  const inner = "sleep 60 & echo $$ $!; read end";
  const shell = spawn("sh", ["-c", `sh -c '${inner}'; echo over; read end`], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(shell);
  const lines = createInterface({ input: shell.stdout as NodeJS.ReadableStream });
  const first = table.thread(shell.pid as number)?.process;
  const [told] = (await once(lines, "line")) as [string];
  const [innerPid, pid] = told.split(" ").map(Number) as [number, number];
  left.push(pid);
  // As none of them has the filter, none makes itself known by a call.
  const between = table.find(innerPid);
  expect(between?.parent).toBe(first);
  expect(table.find(pid)?.parent).toBe(between);
  shell.stdin?.write("\n");
  await once(lines, "line");
  table.sweep();
  expect(died).toEqual([innerPid]);
  expect(table.find(pid)?.parent).toBe(between);
  const find = table.find.bind(table);
  const at = { processes: [], actor: find, find, owner: find, pidCalled: () => undefined };
  expect(relationOf(at, shell.pid as number, pid, false, at.find)).toBe("ancestor");
  expect(relationOf(at, pid, shell.pid as number, false, at.find)).toBe("namespace");
  table.close();
});
