/** A workload chooses how many mappings it has. What a pointer costs the supervisor must not depend on it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isMapped, TaskMemory } from "../../packages/linux/src/sensor/seccomp/listener/memory.ts";
import { isInstalled } from "../support/machine.ts";
import { compiler, workplace } from "./case.ts";

const EFAULT = 14;
const MEBIBYTE = 2 ** 20;

/** How many bytes this process has read by system calls. */
const bytesRead = () => Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "latin1"))?.[1]);

/** The result, and whether little was read for it. */
function priced<T>(look: () => T): { readonly is: T; readonly mebibytes: number } {
  const before = bytesRead();
  const is = look();
  return { is, mebibytes: Math.ceil((bytesRead() - before) / MEBIBYTE) };
}

describe.skipIf(!compiler)("a task whose mappings take megabytes to list (needs gcc)", () => {
  let directory: string;
  let task: ChildProcess;
  let low: bigint, closed: bigint, high: bigint, hole: bigint, many: bigint;
  const memory = new TaskMemory();
  const string = (address: bigint) => priced(() => memory.string(task.pid as number, address));

  beforeAll(async () => {
    directory = workplace();
    const source = fileURLToPath(new URL("many-mappings.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-o", join(directory, "program"), source]);
    const deep = join(directory, ...Array.from({ length: 15 }, () => "d".repeat(250)));
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, "file"), "x".repeat(4096));
    task = spawn(join(directory, "program"), [join(deep, "file")], { stdio: ["pipe", "pipe", "inherit"] });
    const [told] = await once(task.stdout as NonNullable<typeof task.stdout>, "data");
    [low, closed, high, hole, many] = String(told).trim().split(" ").map(BigInt) as [
      bigint,
      bigint,
      bigint,
      bigint,
      bigint,
    ];
  });
  afterAll(() => {
    task.stdin?.end();
    rmSync(directory, { recursive: true, force: true });
  });

  it("has text that may only be written read, and is listed no further than that", () => {
    expect(string(low)).toEqual({ is: 4, mebibytes: 1 });
  });

  it("costs little at an address that is not mapped, or has no right", () => {
    expect([string(hole), string(8n), string(closed)]).toEqual(Array(3).fill({ is: -EFAULT, mebibytes: 1 }));
  });

  it("is listed up to a bound: what is not found by then is a bad address, or counts as mapped", () => {
    const pid = task.pid as number;
    const [text, mapped] = [string(high), priced(() => isMapped(pid, high))];
    expect([text.is, mapped.is]).toEqual([-EFAULT, true]);
    expect([text.mebibytes, mapped.mebibytes].every((size) => size > 1 && size < 8)).toBe(true);
  });

  it("is told which addresses are mapped", () => {
    const pid = task.pid as number;
    const asked = [low, closed, hole, many, many + 4096n, many + 8191n];
    expect(asked.map((address) => isMapped(pid, address))).toEqual([true, false, false, false, true, true]);
  });
});

/** Goes down until the path of the working directory has 75 000 letters, and maps a file there. */
const DEEP = `
import mmap, os, sys
for _ in range(300):
    os.mkdir("d" * 250)
    os.chdir("d" * 250)
with open("file", "wb") as f:
    f.write(b"x" * 4096)
m = mmap.mmap(os.open("file", os.O_RDONLY), 4096, prot=mmap.PROT_READ)
print("mapped", flush=True)
sys.stdin.read()
`;

describe.skipIf(!isInstalled("python3"))(
  "a mapping whose line is longer than what is read at once (needs python3)",
  () => {
    /** Above every mapping but the vsyscall page, and not mapped. */
    const ABOVE = 0x7fff_ffff_e000n;
    let directory: string;
    let task: ChildProcess;

    beforeAll(async () => {
      directory = workplace();
      task = spawn("python3", ["-c", DEEP], { cwd: directory, stdio: ["pipe", "pipe", "inherit"] });
      await once(task.stdout as NonNullable<typeof task.stdout>, "data");
    });
    afterAll(() => {
      task.stdin?.end();
      execFileSync("rm", ["-rf", directory]);
    });

    it("leaves untold what is behind it: it counts as mapped", () => {
      expect(isMapped(process.pid, ABOVE)).toBe(false);
      expect(isMapped(task.pid as number, ABOVE)).toBe(true);
    });
  },
);
