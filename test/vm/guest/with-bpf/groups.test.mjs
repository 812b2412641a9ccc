/** A signal to the own process group is an act that does not name the group: no task comes into a group outside without an act. */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

const { cwd, run } = isolineAs(0);
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
