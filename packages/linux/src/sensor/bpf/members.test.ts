/** Real processes in a table that stands in for the kernel's. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { readProcFile } from "../../process/proc-file.ts";
import { childrenOf } from "../../process/proc-status.ts";
import type { Load } from "./load.ts";
import { Members } from "./members.ts";
import { member } from "./structures.ts";

const ID = 3;
const HANDLE = 7;
const SIGKILL = 9;
/** More than any kernel counts to (PID_MAX_LIMIT). */
const NOBODYS = 4_194_305;

const running: Pick<ChildProcess, "kill">[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

/** A process that waits, and a table in which every process is this one of a namespace. */
async function one({ namespace = ID, hasEnded = 0 } = {}) {
  const child = spawn("sleep", ["60"]);
  running.push(child);
  await once(child, "spawn");
  const table = {
    valueBytes: 256,
    lookup: (_: Buffer, value: Buffer) => {
      value.writeUInt32LE(namespace, member.namespace_id);
      value.writeBigUInt64LE(BigInt(HANDLE), member.process);
      value.writeUInt32LE(hasEnded, member.has_ended);
      return true;
    },
  };
  const assigned = { lookup: () => false };
  const members = new Members({ maps: { members: table, assigned } } as unknown as Load, ID, 1);
  return { child, members, pid: child.pid as number };
}

/** A thread that is not the first of its process. */
const threadOfOurs = () =>
  readdirSync("/proc/self/task")
    .map(Number)
    .find((each) => each !== process.pid) as number;

test("a process lives until it is noted as ended, or its id is another one's", async () => {
  const { members, pid } = await one();
  expect(members.lives({ pid, handle: HANDLE })).toBe(true);
  expect(members.lives({ pid, handle: HANDLE + 1 })).toBe(false);
  expect(members.lives({ pid: NOBODYS, handle: HANDLE })).toBe(false);
  // Then the process that had it has ended.
  expect(members.lives({ pid: threadOfOurs(), handle: HANDLE })).toBe(false);
  const ended = await one({ hasEnded: 1 });
  expect(ended.members.lives({ pid: ended.pid, handle: HANDLE })).toBe(false);
});

test("an id is another's once another process has it, or a thread of one, and not while there is none", async () => {
  const { members, pid } = await one();
  const isTaken = (each: { pid: number; handle: number }) => members.isTaken(each);
  expect([isTaken({ pid, handle: HANDLE }), isTaken({ pid, handle: HANDLE + 1 })]).toEqual([false, true]);
  expect(isTaken({ pid: NOBODYS, handle: HANDLE })).toBe(false);
  expect(isTaken({ pid: threadOfOurs(), handle: HANDLE })).toBe(true);
});

test("an id that only a session has, as its leader has been waited for, is no process's", async () => {
  const { members } = await one();
  const shell = spawn("sh", ["-c", "sleep 60 & echo $!"], { detached: true });
  const [[told]] = await Promise.all([once(shell.stdout, "data"), once(shell, "exit")]);
  running.push({ kill: () => process.kill(Number(told), "SIGKILL") });
  const ended = { pid: shell.pid as number, handle: HANDLE };
  expect([members.isTaken(ended), members.lives(ended)]).toEqual([false, false]);
});

test("only the process itself is signalled, and none that has its id by now", async () => {
  const [elsewhere, other, meant] = await Promise.all([one({ namespace: ID + 1 }), one(), one()]);
  elsewhere.members.signal({ pid: elsewhere.pid, handle: HANDLE }, SIGKILL);
  other.members.signal({ pid: other.pid, handle: HANDLE + 1 }, SIGKILL);
  meant.members.signal({ pid: meant.pid, handle: HANDLE }, SIGKILL);
  expect(await once(meant.child, "exit")).toEqual([null, "SIGKILL"]);
  expect([elsewhere, other].map(({ child }) => child.signalCode)).toEqual([null, null]);
});

/** The child of a process once it runs a program of this name. */
async function childThatRuns(pid: number, name: string): Promise<number> {
  for (;;) {
    const [child = 0] = childrenOf(pid, pid) ?? [];
    if (readProcFile(`/proc/${child}/comm`) === `${name}\n`) return child;
    await setTimeout(10);
  }
}

const namespaceOf = (pid: number) => Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0]);

test.skipIf(process.geteuid?.() !== 0)(
  "a process has its ids in each pid namespace below the first (needs root)",
  async () => {
    const { members, pid } = await one();
    const counting = ["unshare", "--pid", "--fork", "--kill-child"];
    const launcher = spawn("unshare", [...counting.slice(1), ...counting, "sleep", "60"]);
    running.push(launcher);
    await once(launcher, "spawn");
    const outer = await childThatRuns(launcher.pid as number, "unshare");
    const inner = await childThatRuns(outer, "sleep");
    const numbers = (of: number) => members.all().find((member) => member.pid === of)?.numbers;
    expect(numbers(pid)).toEqual([]);
    expect(numbers(outer)).toEqual([{ number: 1, namespace: namespaceOf(outer) }]);
    expect(numbers(inner)).toEqual([
      { number: 2, namespace: namespaceOf(outer) },
      { number: 1, namespace: namespaceOf(inner) },
    ]);
  },
);
