import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { relationOf } from "../../relation.ts";
import { DescriptorBudget } from "./descriptor-budget.ts";
import { TaskTable } from "./table.ts";

const children: ChildProcess[] = [];
const left: number[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const pid of left.splice(0)) process.kill(pid, "SIGKILL");
});

test("a process is still an ancestor of what its child forked, once that child has ended and was waited for", async () => {
  const died: number[] = [];
  const table = new TaskTable(
    process.pid,
    {
      ...{ born: () => undefined, guessed: () => undefined, isWaiting: () => true },
      died: ({ pid }) => died.push(pid),
      unidentified: () => expect.unreachable(),
    },
    new DescriptorBudget(),
  );
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
  const whereabouts = { processes: [], find: table.find.bind(table), owner: table.find.bind(table) };
  const at = { ...whereabouts, pidCalled: () => undefined };
  expect(relationOf(at, shell.pid as number, pid, false, at.find)).toBe("ancestor");
  expect(relationOf(at, pid, shell.pid as number, false, at.find)).toBe("namespace");
  table.close();
});
