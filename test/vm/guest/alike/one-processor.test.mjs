/** A machine with one processor, on which the supervisor cannot decide while the kernel waits in place. */
import { deepEqual, equal, match } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { canistersMissing, Yard } from "../canister.mjs";
import { isolineAs } from "../isoline.mjs";

/** Unshares the host name, once more after each second until that is permitted, and prints the errno of each try. */
const script = `$| = 1;
for (1 .. 60) { my $errno = syscall(272, 0x4000000) < 0 ? $! + 0 : 0; print "$errno\n"; exit if !$errno; sleep 1 }`;
const { cwd, run } = isolineAs(0);
const yard = new Yard();
after(() => yard.close());

test("what the kernel would wait for in place is refused the first time, counted, and goes ahead once it is known", {
  skip,
}, () => {
  equal(availableParallelism(), 1);
  const learnt = run("learn", "--sensor", "bpf", "-q", "-o", "c.contour", "--", "perl", "-e", script);
  equal(learnt.stdout, "0\n", learnt.stderr);
  const { stdout } = run(
    ...["run", "c.contour", "--sensor", "bpf", "--enforce", "-q", "--report", "report.json"],
    ...["--", "perl", "-e", script],
  );
  const tries = stdout.trim().split("\n");
  equal(tries[0], "1");
  equal(tries.at(-1), "0");
  const { off, incomplete } = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
  deepEqual(
    [off, incomplete.map((/** @type {{ reason: string }} */ { reason }) => reason)],
    [0, ["an act was refused because its verdict came too late"]],
  );
});

test("a container is learnt, and refused its start when it is to be enforced, in one line that says what to do", {
  skip: skip || canistersMissing(),
}, () => {
  equal(yard.run("exit 7", "bpf", "learn", "one.contour").status, 7);
  const { status, stderr } = yard.run("exit 7", "bpf", "enforce", "one.contour");
  equal(status, 125);
  match(
    stderr,
    /^isoline-runc: .*needs two processors, .*; use the seccomp sensor, or give isoline a second processor/m,
  );
});
