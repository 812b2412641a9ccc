/** Real processes, and a kernel that says of all of them that they are in the namespace, or that none is. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { statFields } from "../process/proc-status.ts";
import type { ActingProcess } from "./acting.ts";
import { signalAll } from "./signal-all.ts";
import { Standstill } from "./standstill.ts";

const SIGTERM = 15;

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) {
    child.kill("SIGKILL");
    // Its own child reads until there is nothing more.
    for (const stream of [child.stdin, child.stdout]) stream?.destroy();
  }
});

/** A process by its number, and a child of it that the sensor was not told of. */
async function family(isMember: boolean) {
  const shell = spawn("sh", ["-c", "exec 3<&0; cat <&3 & echo $!; wait; read end <&3"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  running.push(shell);
  const [said] = (await once(shell.stdout, "data")) as [Buffer];
  const known = { pid: shell.pid as number, handle: 7, pidfd: -1 } as unknown as ActingProcess;
  const signalled: unknown[] = [];
  const sensor = {
    processes: [known],
    signal: (process: ActingProcess, signal: number) => void signalled.push([process, signal]),
    has: () => isMember,
  };
  const child = Number(said);
  return { sensor, known, signalled, states: () => [known.pid, child].map((pid) => statFields(pid)?.[0]) };
}

test("a process that the kernel does not know is left alone, and the sensor looks after those that it was told of", async () => {
  const { sensor, known, signalled, states } = await family(false);
  signalAll(sensor, SIGTERM);
  expect(signalled).toEqual([[known, SIGTERM]]);
  const standstill = new Standstill();
  expect(standstill.begin(sensor)).toBe(true);
  expect(states()).not.toContain("T");
  standstill.end();
});

test("a child that the sensor was not told of is signalled, and stands still with the others", async () => {
  const { sensor, states } = await family(true);
  const standstill = new Standstill();
  expect(standstill.begin(sensor)).toBe(true);
  expect(states()).toEqual(["T", "T"]);
  standstill.end();
  signalAll(sensor, SIGTERM);
  await expect.poll(() => states()[1]).toBeUndefined();
});
