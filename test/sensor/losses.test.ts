/** A loss is never silent: the event says so, the measurement is incomplete, and enforcing refuses it. */
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { at, call, inChild, link, must, poke, put, result, type Script, struct, times } from "./script.ts";
import { isBuilt } from "./supervised.ts";
import { hasOrdinaryUser, isRoot } from "../support/machine.ts";

const CREATE = 0o101;
const CLONE_NEWUSER = 0x1000_0000;
const AT_FDCWD = -100;
const LANDLOCK_MAKE_SOCKET = 1 << 9;
const argv: Script = [...poke(64, Buffer.from("script\0")), ...link(0, at(64)), ...put(8, 8, 0)];
const open = call("open", "file", 0);
const undumpable: readonly Script[] = [
  must(call("prctl", 4, 0)),
  open,
  call("mkdir", "new", 0o700),
  call("socket", 2, 1, 0),
  call("connect", 3, Buffer.alloc(16, 1), 16),
];

describe.skipIf(!compiler || !isBuilt || !hasOrdinaryUser)("losses (needs gcc, a build, an ordinary user)", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench(isRoot ? NOBODY : undefined);
  });
  afterAll(() => bench?.close());

  it("a path too long for the kernel to report", async () => {
    const name = "n".repeat(250);
    const deep = times(17, must(call("mkdir", name, 0o755)), must(call("chdir", name)));
    const outcome = await bench.run([
      deep,
      call("open", "new", CREATE, 0o600),
      call("open", "new", 0),
      call("unlink", "new"),
    ]);
    const acts = bench.acts(outcome);
    expect(outcome.stdout.split("\n").slice(-4)).toEqual(["2: ok", "2: ok", "87: ok", ""]);
    expect(acts).toContainEqual(expect.stringMatching(/^create .*path=\?path-too-long /));
    expect(acts).toContainEqual(expect.stringMatching(/^open .*path=\?path-too-long /));
    expect(acts).toContainEqual(expect.stringMatching(/^unlink .*path=\?path-too-long /));
    expect(outcome.report.incomplete.map(({ reason }) => reason)).toEqual(["path not resolved (path-too-long)"]);
  });

  it("a process that closes itself to its own user", async () => {
    const outcome = await bench.run([inChild(...undumpable)]);
    const acts = bench.acts(outcome).slice(1);
    expect(acts.map((act) => act.split(" ")[0])).toEqual(["prctl", "open", "mkdir", "socket", "connect"]);
    for (const act of acts.filter((each) => /^(open|mkdir|connect)/.test(each)))
      expect(act).toContain("=?task-closed-to-sensor");
    expect(outcome.report.incomplete.length).toBeGreaterThan(0);

    bench.lay();
    const enforced = await bench.run([inChild(...undumpable)], { mode: "enforce", contour: outcome.learnt });
    expect(enforced.stdout).toContain("157: ok\n2: errno 1\n83: errno 1\n");
  });

  it("an interpreter in a directory that is closed to the supervisor, but not to a task with rights of its own", async () => {
    mkdirSync(bench.at("locked"));
    copyFileSync("/bin/true", bench.at("locked/interpreter"));
    writeFileSync(bench.at("script"), `#!${bench.at("locked/interpreter")}\n`, { mode: 0o755 });
    if (bench.uid !== undefined) chownSync(bench.at("locked"), bench.uid, bench.uid);
    chmodSync(bench.at("locked"), 0);
    // In its own user namespace the task may pass; nothing is closed to a supervisor that is root.
    const script = [inChild(must(call("unshare", CLONE_NEWUSER)), argv, call("execve", "script", at(0), 0))];
    const outcome = await bench.run(script);
    const execution = bench.acts(outcome).at(-1);
    expect(execution).toContain("exec path=./script");
    expect(execution).toContain("loader=?unresolved:./locked/interpreter@?");
    expect(outcome.report.incomplete.map(({ reason }) => reason)).toEqual([
      "interpreter not resolved (directory-closed-to-sensor)",
    ]);
    const enforced = await bench.run(script, { mode: "enforce", contour: outcome.learnt });
    expect(enforced.stdout).toContain("59: errno 1\n");
  });
});

describe.skipIf(!compiler || !isBuilt || !isRoot)("losses of root (needs gcc, a build, root)", () => {
  it("a handle that a task opens under rules of its own", async () => {
    const bench = new Bench();
    try {
      const script = [
        must(call("landlock_create_ruleset", struct([8, LANDLOCK_MAKE_SOCKET]), 8, 0)),
        must(call("landlock_restrict_self", result(0), 0)),
        must(call("open", ".", 0)),
        poke(0, struct([4, 128], [4, 0])),
        must(call("name_to_handle_at", AT_FDCWD, "file", at(0), at(512), 0)),
        call("open_by_handle_at", result(2), at(0), 0),
      ];
      const outcome = await bench.run(script);
      expect(bench.acts(outcome).at(-1)).toMatch(/^open access=read path=\?by-handle /);
      expect(outcome.report.incomplete).toMatchObject([{ reason: "path not resolved (by-handle)" }]);
      const enforced = await bench.run(script, { mode: "enforce", contour: outcome.learnt });
      expect(enforced.stdout).toContain("304: errno 1\n");
    } finally {
      bench.close();
    }
  });
});
