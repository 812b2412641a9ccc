/**
 * A watcher outside (inotify) hears of a workload what it would hear without isoline, and that programs are read. When enforcing it may
 * also hear that a directory is looked into before it is removed (docs/guarantees/seccomp.md).
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { at, call, execution, must, result, type Script } from "./script.ts";
import { isBuilt, type Order, type Outcome, PLAIN } from "./supervised.ts";

const [O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_DIRECTORY, O_PATH] = [1, 2, 0o100, 0o1000, 0o200000, 0o10000000];
const O_TMPFILE = 0o20200000;
const AT_FDCWD = -100;
/** IN_OPEN, IN_ACCESS and IN_CLOSE_NOWRITE of a directory (linux/inotify.h), of those that are removed. */
const looks = ["seen/made", "seen/dir/empty"].flatMap((path) =>
  ["0x40000020", "0x40000001", "0x40000010"].map((bits) => `${path} ${bits}`),
);

/** The supervisor opens a file that is cut short by its path: IN_OPEN, IN_MODIFY and IN_CLOSE_WRITE in place of IN_MODIFY alone. */
const withOpens = (lines: readonly string[]) =>
  lines.flatMap((line) =>
    line === "seen/dir/moved 0x2" ? ["0x20", "0x2", "0x8"].map((bits) => `seen/dir/moved ${bits}`) : [line],
  );

const acts: readonly Script[] = [
  must(call("open", "seen/file", 0)),
  call("read", result(0), at(0), 100),
  call("close", result(0)),
  must(call("open", "seen/new", O_RDWR | O_CREAT, 0o644)),
  call("write", result(3), "text", 4),
  call("close", result(3)),
  must(call("open", "seen/new", O_WRONLY | O_TRUNC)),
  call("close", result(6)),
  call("open", "seen/new", O_PATH),
  call("open", "seen/none", 0),
  call("open", "seen", O_TMPFILE | O_RDWR, 0o600),
  must(call("open", "seen", O_DIRECTORY)),
  call("close", result(11)),
  call("mkdir", "seen/made", 0o755),
  call("mknod", "seen/pipe", 0o010644, 0),
  call("symlink", "file", "seen/symbolic"),
  call("link", "seen/file", "seen/hard"),
  call("rename", "seen/new", "seen/dir/moved"),
  call("chmod", "seen/dir/moved", 0o600),
  call("truncate", "seen/dir/moved", 2),
  call("utimensat", AT_FDCWD, "seen/dir/moved", 0, 0),
  call("unlink", "seen/dir/moved"),
  call("rmdir", "seen/made"),
  call("rmdir", "seen/dir/full"),
  call("rmdir", "seen/dir/empty"),
  ...["seen/symbolic", "seen/hard", "seen/pipe"].map((path) => call("unlink", path)),
];

describe.skipIf(!compiler || !isBuilt)("what a watcher hears (needs gcc, a build)", () => {
  let bench: Bench;
  const user = isRoot ? NOBODY : undefined;
  beforeAll(() => {
    bench = new Bench(user);
    const source = fileURLToPath(new URL("./watcher.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-Wall", "-o", bench.at("watcher"), source]);
  });
  beforeEach(lay);
  afterAll(() => bench?.close());

  function lay(): void {
    rmSync(bench.at("seen"), { recursive: true, force: true });
    for (const path of ["dir/full/inner", "dir/empty"]) mkdirSync(bench.at(`seen/${path}`), { recursive: true });
    writeFileSync(bench.at("seen/file"), "text\n");
    if (user !== undefined) execFileSync("chown", ["-R", `${user}:${user}`, bench.at("seen")]);
  }

  /** What is heard while something runs, equal neighbours as one: the kernel tells of them once if the first was not yet read. */
  async function heard(run: () => Promise<unknown>): Promise<readonly string[]> {
    const places = ["seen", "seen/dir", "seen/dir/full"];
    const watcher = spawn(bench.at("watcher"), places, { cwd: bench.directory, stdio: ["ignore", "pipe", "inherit"] });
    const lines: string[] = [];
    const output = createInterface(watcher.stdout).on("line", (line) => lines.push(line.replace(/#\d+/, "#unnamed")));
    await once(output, "line");
    await run();
    writeFileSync(bench.at("seen/end"), "");
    await once(watcher, "close");
    rmSync(bench.at("seen/end"));
    return lines.slice(1).filter((line, index, all) => line !== all[index - 1]);
  }

  const alone = (scripts = acts) =>
    heard(async () => {
      const identity = user === undefined ? {} : { uid: user, gid: user };
      spawnSync(bench.at("probe"), scripts.flat(), { cwd: bench.directory, stdio: "ignore", ...identity });
    });
  async function inside(
    order: Partial<Order>,
    scripts = acts,
  ): Promise<{ lines: readonly string[]; outcome: Outcome }> {
    let outcome: Outcome | undefined;
    const lines = await heard(async () => (outcome = await bench.run(scripts, order)));
    return { lines, outcome: outcome as Outcome };
  }

  it("is the same but for files cut short, and for directories that are removed when enforcing", async () => {
    const native = await alone();
    expect(native).toContain("seen/file 0x20");
    expect(native).toContain("seen/dir/moved 0x2");
    const bare = withOpens(native);
    lay();
    const learning = await inside({ policy: { ...PLAIN, reaction: "log" } });
    expect(learning.lines).toEqual(bare);
    const contour = learning.outcome.learnt;
    lay();
    const watching = await inside({ mode: "watch", contour });
    expect(watching.outcome.report).toMatchObject({ off: 0 });
    expect(watching.lines).toEqual(bare);
    lay();
    const enforcing = await inside({ mode: "enforce", contour });
    expect(enforcing.outcome.report).toMatchObject({ off: 0, refused: 0 });
    const isLook = (line: string) => looks.includes(line);
    expect(enforcing.lines.filter((line) => !isLook(line))).toEqual(bare);
  });

  it("a program that is executed is read more often, and nothing else is heard of it", async () => {
    const program = execution("seen/program", call("getpid"));
    execFileSync("cp", [bench.at("probe"), bench.at("seen/program")]);
    const bare = await alone(program);
    const learning = await inside({}, program);
    expect(bare).toContain("seen/program 0x20");
    expect(new Set(learning.lines)).toEqual(new Set(bare));
  });
});
