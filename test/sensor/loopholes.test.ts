/** Calls that would reach more than their verdict was about, if the task made them itself, or if the supervisor made them as they are. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { call, must, result, type Script, struct } from "./script.ts";
import { isBuilt, PLAIN } from "./supervised.ts";

const [ENOENT, EPERM, EINVAL, ENOTTY, ENOSYS] = [2, 1, 22, 25, 38];
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const [O_RDWR, O_DIRECTORY, O_PATH] = [2, 0o200000, 0o10000000];
const FS_IOC_UNRESVSP = 0x4030_582b;
const FS_IOC_SETFLAGS = 0x4008_6602;
/** UNSHARE_EMPTY_MNTNS, and CLONE_EMPTY_MNTNS of `clone3`: new in Linux 7.1. */
const [EMPTY_BY_UNSHARE, EMPTY_BY_CLONE] = [0x10_0000, 0x20_0000_0000n];
const PROCESSORS = "/sys/devices/system/cpu/online";

const openat2 = (path: string, flags: number): Script =>
  call("openat2", AT_FDCWD, path, struct([8, flags], [8, 0], [8, 0]), 24);

describe.skipIf(compiler === undefined || !isBuilt)("loopholes (need gcc, a build)", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench(isRoot ? NOBODY : undefined);
    const source = fileURLToPath(new URL("./loopholes.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", bench.at("loopholes"), source, "-lpthread"]);
  });
  afterAll(() => bench?.close());

  it("what malloc reads is opened in the task's place, and so cannot be exchanged", async () => {
    const { stdout, report } = await bench.run([call("open", PROCESSORS, 0), call("openat", AT_FDCWD, PROCESSORS, 0)]);
    expect(stdout).toBe("2: ok\n257: ok\n");
    expect(report.racy).not.toHaveProperty("open");
    expect(report.racy).not.toHaveProperty("openat");
  });

  it("where every act of a process is refused, what malloc reads is as well", async () => {
    const policy = { ...PLAIN, rules: { ...PLAIN.rules, allocator: true }, reaction: "deny-all" } as const;
    const open = call("open", PROCESSORS, 0);
    bench.lay();
    const { learnt } = await bench.run([open, call("open", "file", 0)], { policy });
    const { stdout } = await bench.run([open, call("mkdir", "new", 0o700), open], { mode: "watch", contour: learnt });
    expect(stdout).toBe(`2: ok\n83: ok\n2: errno ${EPERM}\n`);
  });

  it("no task makes an openat2 itself: its flags could change", async () => {
    const script = [openat2("file", 0), openat2(".", O_PATH | O_DIRECTORY), openat2("/proc/self/stat", 0)];
    const learning = await bench.run(script);
    const enforcing = await bench.run(script, { mode: "enforce", contour: learning.learnt });
    for (const { stdout, report } of [learning, enforcing]) {
      expect(stdout).toBe(`437: ok\n437: errno ${ENOSYS}\n437: errno ${ENOSYS}\n`);
      expect(report).toMatchObject({ departures: [], incomplete: [] });
      expect(report.racy).not.toHaveProperty("openat2");
    }
  });

  it("without the right to read everything, no file is linked by its descriptor alone", async () => {
    bench.lay();
    const { stdout, report } = await bench.run([
      must(call("open", "file", O_PATH)),
      call("linkat", result(0), "", AT_FDCWD, "new", AT_EMPTY_PATH),
    ]);
    expect(stdout).toBe(`2: ok\n265: errno ${ENOENT}\n`);
    expect(report.racy).not.toHaveProperty("linkat");
    expect(existsSync(bench.at("new"))).toBe(false);
  });

  it("flags of unshare and clone3 that are not known are namespaces", async () => {
    const outcome = await bench.run([
      call("unshare", EMPTY_BY_UNSHARE),
      call("clone3", struct([8, EMPTY_BY_CLONE], [8, 0], [8, 0], [8, 0], [8, 17], [8, 0], [8, 0], [8, 0]), 64),
    ]);
    expect(bench.acts(outcome).filter((act) => act.startsWith("namespace"))).toEqual([
      "namespace call=unshare kinds=other-0x100000",
      "namespace call=clone kinds=other-0x2000000000",
    ]);
    expect(outcome.stdout).toBe(`272: errno ${EINVAL}\n435: errno ${EINVAL}\n`);
  });

  it("a request to a device is never the supervisor's", async () => {
    const space = struct([8, 0], [8, 0], [8, 1], [8, 0], [8, 0], [8, 0]);
    const requests = [FS_IOC_UNRESVSP, FS_IOC_SETFLAGS].map((request) => call("ioctl", result(0), request, space));
    const { stdout, report } = await bench.run([must(call("open", "/dev/null", O_RDWR)), ...requests]);
    expect(stdout).toBe(`2: ok\n16: errno ${ENOTTY}\n16: errno ${ENOTTY}\n`);
    expect(report.racy).toMatchObject({ ioctl: 2 });
  });

  it("a file that was made is an event, although the task got no descriptor", async () => {
    const outcome = await bench.run([], { command: ["./loopholes", "full"] });
    expect(outcome.stdout).toBe("made and refused: 1\n");
    const seen = outcome.events.flatMap(({ act }) => /^create .*\/(made-\d+)/.exec(act)?.[1] ?? []);
    expect(seen.sort()).toEqual(
      readdirSync(bench.directory)
        .filter((name) => name.startsWith("made-"))
        .sort(),
    );
  });

  it("a task that may signal only its own kind has nothing else signalled", async () => {
    const { stdout } = await bench.run([], { command: ["./loopholes", "group"] });
    expect(stdout).toMatch(/^the parent (?:lives|had no Landlock)\n$/);
  });
});
