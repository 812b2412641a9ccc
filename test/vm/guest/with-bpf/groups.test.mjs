/** A signal to the own process group is an act that does not name the group: no task comes into a group outside without an act. */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

const { cwd, run, start } = isolineAs(0);
const joins = 'for my $group (@ARGV) { print setpgrp(0, $group) ? "joined" : "refused " . ($! + 0), "\\n" }';

/** Joins groups inside, and says what became of each. @param {readonly string[]} command @param {readonly number[]} groups */
function joining(command, groups) {
  const { status, stdout, stderr } = run(
    ...command,
    ...["--sensor", "bpf", "-q", "--report", "report.json", "--", "perl", "-e", joins, ...groups.map(String)],
  );
  equal(status === 0 || status === 3, true, `${status}: ${stderr}`);
  const { departures } = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
  return { told: stdout.trim().split("\n"), departures };
}

test("a group of processes outside is joined by an act, and enforcing refuses it", { skip }, async (t) => {
  const outside = spawn("perl", ["-e", "$| = 1; setpgrp; print qq(ready\\n); sleep 600"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => outside.kill("SIGKILL"));
  await once(outside.stdout, "data");
  const group = Number(outside.pid);

  deepEqual(joining(["learn", "-o", "own.contour"], [0]), { told: ["joined"], departures: [] });
  const { told, departures } = joining(["run", "own.contour", "--enforce"], [0, group]);
  deepEqual(told, ["joined", "refused 1"]);
  equal(departures.length, 1);
  match(JSON.stringify(departures[0]), /setpgid/);

  // Learnt, the same act is known.
  deepEqual(joining(["learn", "-o", "other.contour"], [group]).told, ["joined"]);
  deepEqual(joining(["run", "other.contour", "--enforce"], [group]), { told: ["joined"], departures: [] });
});

const LAST = "/proc/sys/kernel/ns_last_pid";
/** Says the number of a group that a child has founded and that is over, waits for a file, and joins the group of that number. */
const REJOINS = `$| = 1;
my $group = fork;
unless ($group) { setpgrp; exit }
waitpid $group, 0;
print "$group\n";
select undef, undef, undef, 0.05 until -e "go";
print setpgrp(0, $group) ? "joined" : "refused " . ($! + 0), "\n"`;
/** Makes a group of a certain number whose leader has ended. Another process may have the number first, so it tries again. */
const FOUNDS = `my $group = shift;
for (1 .. 500) {
  open my $last, ">", "${LAST}" or die;
  syswrite $last, $group - 1;
  close $last;
  my $leader = fork;
  unless ($leader) { exit if $$ != $group; setpgrp; exit if fork; sleep 600; exit }
  waitpid $leader, 0;
  next if $leader != $group;
  syswrite STDOUT, "there\n";
  exit;
}
die "the number $group is not free"`;

test("the number of a group that was founded inside is another group's by now: it is joined by an act", {
  skip: skip || (!existsSync(LAST) && "the kernel cannot be told the next process id (CONFIG_CHECKPOINT_RESTORE)"),
}, async (t) => {
  const program = ["--report", "report.json", "--", "perl", "-e", REJOINS];
  const go = join(cwd, "go");
  writeFileSync(go, "");
  const learnt = run("learn", "-o", "rejoins.contour", "--sensor", "bpf", "-q", ...program);
  // There is no such group any more.
  match(learnt.stdout, /^\d+\nrefused 1\n$/);
  rmSync(go);
  const enforced = start("run", "rejoins.contour", "--sensor", "bpf", "--enforce", "-q", ...program);
  t.after(() => enforced.kill("SIGKILL"));
  const over = once(enforced, "exit");
  const lines = createInterface({ input: enforced.stdout })[Symbol.asyncIterator]();
  const group = Number((await lines.next()).value);
  const founding = spawn("perl", ["-e", FOUNDS, String(group)], { stdio: ["ignore", "pipe", "inherit"] });
  equal(String((await once(founding.stdout, "data"))[0]), "there\n");
  t.after(() => process.kill(-group, "SIGKILL"));
  writeFileSync(go, "");
  equal((await lines.next()).value, "refused 1");
  await over;
  const { departures } = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
  equal(departures.length, 1);
  match(JSON.stringify(departures[0]), /setpgid/);
});
