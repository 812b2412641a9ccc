/** What a number, a name or a handle means may pass to something else: then nothing that was decided about it holds. */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { cwd, endAll, EPERM } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { enforce, forgetNames, learn } from "../doing-again.mjs";

const ESRCH = 3;
/** A number that no process has. */
const FREE = 30_000;

/** A process outside with this number, which another one may take first. @param {number} pid */
function processNumbered(pid) {
  for (let tries = 0; tries < 50; tries++) {
    writeFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
    const process = spawn("sleep", ["600"]);
    if (process.pid === pid) return process;
    process.kill("SIGKILL");
  }
  throw new Error(`no process got the number ${pid}`);
}

/** @param {string} name @param {string} script */
function lead(name, script) {
  symlinkSync(script, join(cwd, "next"));
  renameSync(join(cwd, "next"), join(cwd, name));
}

/** @param {string} file */
function handleOf(file) {
  const takes = `$h = pack("II", 128, 0) . "\\0" x 128; $m = pack("I", 0);
    syscall(303, -100, $ARGV[0], $h, $m, 0) and die $!; print $h`;
  return spawnSync("perl", ["-e", takes, file]).stdout;
}

describe("passing meanings", { skip }, () => {
  /** @type {ReturnType<typeof spawn> | undefined} */
  let outside;
  before(() => {
    writeFileSync(join(cwd, "good.sh"), "exit 5\n");
    writeFileSync(join(cwd, "evil.sh"), "exit 7\n");
  });
  afterEach(endAll);
  after(() => outside?.kill("SIGKILL"));

  test("a number that no process had is that of a process outside once one has it", async () => {
    await learn("own", { [`own ${FREE}`]: ESRCH });
    const { ask, told } = await enforce("own");
    for (let turn = 0; turn < 3; turn++) equal(await ask(`own ${FREE}`), ESRCH);
    outside = processNumbered(FREE);
    equal(await ask(`own ${FREE}`), EPERM);
    const { departures } = await told();
    deepEqual(
      departures.map((/** @type {{ act: string }} */ { act }) => act),
      ["sigio relation=outside"],
    );
  });

  test("a child of one process is not that of another one that runs the same program", async () => {
    await learn("child", { "tell child": 0 });
    const { ask, told } = await enforce("child");
    for (let turn = 0; turn < 3; turn++) equal(await ask("tell child"), 0);
    equal(await ask("sibling child"), EPERM);
    const { departures } = await told();
    equal(departures.length, 1);
    match(departures[0].act, /^kill .*relation=namespace/);
  });

  test("a link to a script is followed at each exec that names it", async () => {
    lead("cur", "good.sh");
    await learn("link", { "run cur": 5 });
    const { ask, told } = await enforce("link");
    for (let turn = 0; turn < 3; turn++) equal(await ask("run cur"), 5);
    lead("cur", "evil.sh");
    equal(await ask("run cur"), EPERM);
    const { departures } = await told();
    equal(departures.length, 1);
    match(departures[0].act, /^exec .*evil\.sh/);
  });

  test("files that only a handle leads to are not one file", async () => {
    mkdirSync(join(cwd, "held"));
    for (const name of ["one", "two"]) writeFileSync(join(cwd, "held", name), name);
    const [one, two] = [handleOf(join(cwd, "held", "one")), handleOf(join(cwd, "held", "two"))];
    writeFileSync(join(cwd, "handle"), one);
    forgetNames();
    const { incomplete } = await learn("handle", { "handle handle": 0 });
    deepEqual(incomplete, [{ reason: "path not resolved (by-handle)", count: 1 }]);
    writeFileSync(join(cwd, "handle"), two);
    forgetNames();
    const { ask } = await enforce("handle");
    equal(await ask("handle handle"), EPERM);
  });

  test("a path that cannot be read yet is not taken for none", async () => {
    writeFileSync(join(cwd, "path"), `${cwd}\0`.padEnd(4096, "\0"));
    const { incomplete } = await learn("tree", { "tree path": 0 });
    deepEqual(incomplete, [{ reason: "the kernel could not tell of an event", count: 1 }]);
  });
});
