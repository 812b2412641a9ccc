/** What counts as left of a namespace whose listener does not say that it is over. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { filtersOf } from "../../../process/filters.ts";
import { isNoneLeft, mayBeLeft, seesAll } from "./left.ts";

const NONE = -1;
const PYTHON = "/usr/bin/python3";

describe("a process", () => {
  let parent: ChildProcess | undefined;
  afterEach(() => void parent?.kill("SIGKILL"));

  /** Starts a program that prints the number of a process, and waits until that is in the state of which it is said. */
  const printed = async (program: string, words: readonly string[], state: string): Promise<number> => {
    parent = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
    const [text] = (await once(parent.stdout as NonNullable<ChildProcess["stdout"]>, "data")) as [Buffer];
    const pid = Number(text);
    await expect
      .poll(() => readFileSync(`/proc/${pid}/status`, "latin1"), { timeout: 20_000 })
      .toContain(`State:\t${state}`);
    return pid;
  };

  it("that runs is left, if it is under more filters", async () => {
    const pid = await printed("/usr/bin/perl", ["-e", "$| = 1; print $$; sleep"], "S");
    expect([mayBeLeft(pid, NONE), mayBeLeft(pid, 1000)]).toEqual([true, false]);
  });

  it("that has ended and is not reaped is not left", async () => {
    const words = ["-e", "$| = 1; my $pid = fork; exit if !$pid; print $pid; sleep"];
    expect(mayBeLeft(await printed("/usr/bin/perl", words, "Z"), NONE)).toBe(false);
  });

  it("that does not exist is not left", () => {
    expect(mayBeLeft(2 ** 22 + 1, NONE)).toBe(false);
  });

  it.skipIf(!existsSync(PYTHON))("whose first thread has ended, and another runs, is left", async () => {
    const script = [
      "import ctypes, os, threading, time",
      "threading.Thread(target=time.sleep, args=(1000,)).start()",
      "print(os.getpid(), flush=True)",
      "ctypes.CDLL(None).syscall(60, 0)",
    ].join("\n");
    expect(mayBeLeft(await printed(PYTHON, ["-c", script], "Z"), 1000)).toBe(true);
  });
});

describe.skipIf(!existsSync(PYTHON))("a namespace", () => {
  it("has not ended while a process under one more filter runs", async () => {
    const script = [
      "import ctypes, struct, sys, time",
      "libc = ctypes.CDLL(None)",
      "allow = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000))",
      "program = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 1, ctypes.addressof(allow)))",
      "assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0",
      "print('filtered', flush=True)",
      "time.sleep(1000)",
    ].join("\n");
    const child = spawn(PYTHON, ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await once(child.stdout, "data");
      expect(isNoneLeft()).toBe(false);
      expect(mayBeLeft(child.pid as number, filtersOf(process.pid) as number)).toBe(true);
    } finally {
      child.kill("SIGKILL");
    }
  });
});

describe("/proc", () => {
  const proc = "25 31 0:23 / /proc rw,nosuid,nodev,noexec,relatime shared:13 - proc proc rw";
  const below = (place: string) => `${proc}\n40 25 0:30 / ${place} ro - tmpfs tmpfs ro`;

  it.each([proc, below("/proc/kcore"), below("/proc/sys/fs/binfmt_misc"), `${proc},hidepid=0`, `${proc},hidepid=off`])(
    "shows every process: %s",
    (mounts) => {
      expect(seesAll(mounts)).toBe(true);
    },
  );

  it.each([
    "",
    `${proc},hidepid=2`,
    `${proc},hidepid=invisible`,
    `${proc},gid=4,hidepid=noaccess`,
    `${proc},subset=pid`,
    below("/proc"),
    below("/proc/1"),
    below("/proc/77/status"),
    below("/proc/loadavg"),
    proc.replace(" / ", " /1 "),
    proc.replace("- proc", "- tmpfs"),
  ])("may hide some, or show others: %s", (mounts) => {
    expect(seesAll(mounts)).toBe(false);
  });
});
