/** A real process that is taken into a table that stands in for the kernel's: what it does just then is found, and it is ended. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { close, pidfdOpen } from "../../abi/libc.ts";
import { childrenOf, hasEnded } from "../../process/proc-status.ts";
import { readProcFile } from "../../process/proc-file.ts";
import type { KernelNamespace } from "./kernel-namespace.ts";
import { takeIn } from "./taking-in.ts";

/** Sets no_new_privs, says so, and does one thing when it gets SIGUSR1. */
const script = (act: string) =>
  `use threads; $SIG{USR1} = sub { ${act} }; syscall(157, 38, 1, 0, 0, 0); $| = 1; print "set\\n"; sleep 1 while 1`;
const FORKS = "fork or do { sleep 1 while 1 }";
const THREAD = "threads->create(sub { sleep 60 })";

class Table {
  readonly counted: string[] = [];
  readonly #inside = new Set<number>();
  readonly #meanwhile: (pid: number) => void;

  constructor(meanwhile: (pid: number) => void = () => {}) {
    this.#meanwhile = meanwhile;
  }

  get namespace(): KernelNamespace {
    return { members: this } as unknown as KernelNamespace;
  }

  begin(pidfd: number): boolean {
    const [, pid] = /^Pid:\s*(\d+)$/m.exec(readProcFile(`/proc/self/fdinfo/${pidfd}`) ?? "") ?? [];
    this.#meanwhile(Number(pid));
    this.#inside.add(Number(pid));
    return true;
  }

  has(pid: number): boolean {
    return this.#inside.has(pid);
  }

  all(): readonly { readonly pid: number }[] {
    return Array.from(this.#inside, (pid) => ({ pid }));
  }

  endUncounted(): void {
    this.counted.push("over");
  }
}

describe("a process that begins a namespace for itself", () => {
  const running: ChildProcessWithoutNullStreams[] = [];
  const started = async (act: string): Promise<number> => {
    const child = spawn("perl", ["-e", script(act)], { detached: true });
    running.push(child);
    await once(child.stdout, "data");
    return child.pid ?? 0;
  };
  const takenIn = (pid: number, table: Table, held: number = pid) => {
    const pidfd = pidfdOpen(held, 0);
    try {
      takeIn(table.namespace, { pid, pidfd });
    } finally {
      close(pidfd);
    }
  };
  const acts = (isDone: (pid: number) => boolean) => (pid: number) => {
    process.kill(pid, "SIGUSR1");
    while (!isDone(pid));
  };
  const hasChild = (pid: number) => (childrenOf(pid, pid) ?? []).length > 0;
  const hasThread = (pid: number) => /^Threads:\s*2$/m.test(readProcFile(`/proc/${pid}/status`) ?? "");

  afterEach(() => {
    for (const { pid = 0 } of running.splice(0)) process.kill(-pid, "SIGKILL");
  });

  it("with one thread and without children is taken in, and goes on", async () => {
    const pid = await started("");
    const table = new Table();
    takenIn(pid, table);
    expect([table.has(pid), hasEnded(pid)]).toEqual([true, false]);
  });

  it.each([
    ["a child", FORKS, hasChild, /whose child \d+ would stay outside, while it was taken in; it was ended/],
    ["a thread", THREAD, hasThread, /with one thread, got 2; .*while it was taken in; it was ended/],
  ])("that starts %s just then is ended, and that is said", async (_, act, isDone, says) => {
    const pid = await started(act);
    const table = new Table(acts(isDone));
    expect(() => takenIn(pid, table)).toThrow(says);
    expect([hasEnded(pid), table.counted]).toEqual([true, ["over"]]);
  });

  it("that had a child before is refused, and goes on outside", async () => {
    const pid = await started(FORKS);
    acts(hasChild)(pid);
    const table = new Table();
    expect(() => takenIn(pid, table)).toThrow(/would stay outside; nothing was begun/);
    expect([table.has(pid), hasEnded(pid)]).toEqual([false, false]);
  });

  it("is not another one that has its number by now", async () => {
    const [pid, other] = [await started(""), await started("")];
    const table = new Table();
    expect(() => takenIn(pid, table, other)).toThrow(`process ${pid} has ended before its namespace began`);
    expect(table.all()).toEqual([]);
  });
});
