/** Held tasks whose verdict does not come in time, and a namespace that holds no tasks. */
import { deepEqual, equal } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, beginWith, cwd, endAll, EPERM, isoline, isStopped, learn, report, until } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { casesMissing } from "../cases.mjs";

const ENFORCE = ["--sensor", "bpf", "--enforce", "-q"];
/** Stops threads one by one, as a debugger does, until its input ends: PTRACE_ATTACH. */
const STOP = 'syscall(101, 16, $_ + 0, 0, 0) for @ARGV; syswrite STDOUT, "stopped\n"; <STDIN>';
/** Has two children ask for another host name, the second a second later, and print the errno: unshare(CLONE_NEWUTS). */
const TWO_AT_ONCE = `$| = 1;
open my $told, "<", "told";
my @starts;
for my $name ("first", "second") {
  pipe(my $started, my $start);
  push @starts, $start;
  next if fork;
  sysread $started, my $byte, 1;
  print "$name ", syscall(272, 0x4000000) < 0 ? $! + 0 : 0, "\n";
  exit;
}
print "ready\n";
<$told>;
syswrite $starts[0], "x"; sleep 1; syswrite $starts[1], "x";
wait; wait`;
/** Signals its own group of fourteen, and changes their priority: kill, setpriority(PRIO_PGRP). Then seven seconds are over. */
const GROUP = `$| = 1;
setpgrp;
$SIG{USR1} = "IGNORE";
open my $told, "<", "told";
pipe(my $alive, my $end);
pipe(my $started, my $start);
for (1 .. 12) { next if fork; close $end; sysread $alive, my $byte, 1; exit }
unless (fork) { close $start; sysread $started, my $byte, 1; sleep 7; print "seven seconds\n"; exit }
print "ready\n";
<$told>;
syswrite $start, "x";
print "signalled ", syscall(62, 0, 10) < 0 ? $! + 0 : 0, "\n";
print "adjusted ", syscall(141, 1, 0, 5) < 0 ? $! + 0 : 0, "\n";
close $end;
1 while wait > 0`;
const GROUP_SIZE = 14;
/** Opens repeatedly, with a pause between (`test/sensor/probe.c`); static, because a loader does not try twice. */
const opening = (/** @type {string} */ path) => ["times", "40", "call", "2", `=${path}`, "0", ";", "nap", "20", "end"];

describe("held for too long", { skip }, () => {
  before(() => learn("name asked"));
  afterEach(endAll);

  test("by a stopped supervisor: refused when another process wakes the task, and counted", async () => {
    const late = begin("run", "asking.contour", ...ENFORCE, "--hold", "3", "--report", "late.json");
    const task = Number((await late.hear()).split(" ")[1]);
    late.child.kill("SIGSTOP");
    late.say("make made");
    await until(() => isStopped(task));
    await setTimeout(3600);
    // Another process wakes it, because a supervisor does not act on a namespace from outside.
    spawnSync("kill", ["-CONT", String(task)]);
    equal(await late.hear(), `make made ${EPERM}`);
    late.child.kill("SIGCONT");
    late.end();
    await late.over;
    equal(existsSync(join(cwd, "made")), false);
    const { kernel } = report("late.json");
    deepEqual([kernel.create.refused, kernel.reached.seen], [1, 1]);
  });

  test("in the middle of a call, which cannot be made again: refused after a while, and counted", async () => {
    const late = begin("run", "asking.contour", ...ENFORCE, "--report", "in-place.json");
    await late.hear();
    late.child.kill("SIGSTOP");
    equal(await late.ask("name asked"), EPERM);
    late.child.kill("SIGCONT");
    equal(await late.ask("list /etc"), 0);
    late.end();
    await late.over;
    const { incomplete, kernel } = report("in-place.json");
    deepEqual(incomplete, [{ reason: "an act was refused because its verdict came too late", count: 1 }]);
    deepEqual([kernel.hostname.refused, kernel.hostname.lost], [1, 0]);
  });

  test("two that wait at once: the second does not take the last processor, and is refused before the first", async () => {
    const program = ["perl", "-e", TWO_AT_ONCE];
    const learnt = beginWith(program, "learn", "--sensor", "bpf", "-q", "-o", "two.contour");
    equal(await learnt.hear(), "ready");
    learnt.say("go");
    deepEqual([await learnt.hear(), await learnt.hear()], ["first 0", "second 0"]);
    learnt.end();
    await learnt.over;
    const late = beginWith(program, "run", "two.contour", ...ENFORCE, "--report", "two.json");
    equal(await late.hear(), "ready");
    const { pid = 0 } = late.child;
    late.child.kill("SIGSTOP");
    await until(() => readdirSync(`/proc/${pid}/task`).every((tid) => isStopped(Number(tid))));
    late.say("go");
    deepEqual([await late.hear(), await late.hear()], [`second ${EPERM}`, `first ${EPERM}`]);
    late.child.kill("SIGCONT");
    late.end();
    await late.over;
    const { incomplete } = report("two.json");
    deepEqual(incomplete, [{ reason: "an act was refused because its verdict came too late", count: 2 }]);
  });

  test("in calls that reach many processes: the rest is refused as soon as the first was not decided in time", async () => {
    const program = ["perl", "-e", GROUP];
    const learnt = beginWith(program, "learn", "--sensor", "bpf", "-q", "-o", "group.contour");
    equal(await learnt.hear(), "ready");
    learnt.say("go");
    deepEqual(
      [await learnt.hear(), await learnt.hear(), await learnt.hear()],
      ["signalled 0", "adjusted 0", "seven seconds"],
    );
    learnt.end();
    await learnt.over;
    const known = beginWith(program, "run", "group.contour", ...ENFORCE, "--report", "known.json");
    equal(await known.hear(), "ready");
    known.say("go");
    deepEqual([await known.hear(), await known.hear()], ["signalled 0", "adjusted 0"]);
    known.end();
    await known.over;
    deepEqual(report("known.json").incomplete, []);
    const late = beginWith(program, "run", "group.contour", ...ENFORCE, "--report", "group.json");
    equal(await late.hear(), "ready");
    const { pid = 0 } = late.child;
    late.child.kill("SIGSTOP");
    await until(() => readdirSync(`/proc/${pid}/task`).every((tid) => isStopped(Number(tid))));
    late.say("go");
    // A second for each process that a call reaches would be fourteen for each call.
    deepEqual([await late.hear(), await late.hear()], [`signalled ${EPERM}`, `adjusted ${EPERM}`]);
    equal(await late.hear(), "seven seconds");
    late.child.kill("SIGCONT");
    late.end();
    await late.over;
    const { incomplete } = report("group.json");
    deepEqual(incomplete, [{ reason: "an act was refused because its verdict came too late", count: 2 * GROUP_SIZE }]);
  });

  test("by a supervisor whose deciding thread is stuck: its first thread wakes the task, and the act is refused", async () => {
    const stuck = begin("run", "asking.contour", ...ENFORCE, "--hold", "3", "--report", "stuck.json");
    await stuck.hear();
    const { pid = 0 } = stuck.child;
    const others = readdirSync(`/proc/${pid}/task`).filter((tid) => tid !== String(pid));
    const debugging = spawn("perl", ["-e", STOP, ...others], { stdio: ["pipe", "pipe", "inherit"] });
    await once(debugging.stdout, "data");
    equal(await stuck.ask("make made"), EPERM);
    debugging.stdin.end("\n");
    await once(debugging, "exit");
    // The program that stopped the threads may leave the whole process stopped when it ends.
    stuck.child.kill("SIGCONT");
    equal(await stuck.ask("list /etc"), 0);
    stuck.end();
    await stuck.over;
    equal(existsSync(join(cwd, "made")), false);
    equal(report("stuck.json").kernel.create.refused, 1);
  });

  test("--hold 0: not held at all; refused at once, and known at the next attempt", { skip: casesMissing() }, () => {
    const probe = `${process.env["ISOLINE_SHARE"]}/probe`;
    const learnt = isoline("learn", "--sensor", "bpf", "-q", "-o", "opening.contour", "--", probe, ...opening("/etc"));
    equal(learnt.stdout, "2: ok\n".repeat(40));
    const command = ["--", probe, ...opening("/etc"), ...opening("/usr")];
    const { stdout } = isoline(
      "run",
      "opening.contour",
      ...ENFORCE,
      "--hold",
      "0",
      "--report",
      "at-once.json",
      ...command,
    );
    const answers = stdout.trim().split("\n");
    deepEqual([answers[0], answers[39]], ["2: errno 1", "2: ok"]);
    deepEqual(new Set(answers.slice(40)), new Set(["2: errno 1"]));
    const { off, refused, incomplete } = report("at-once.json");
    deepEqual([off, refused, incomplete], [40, 40, []]);
  });
});
