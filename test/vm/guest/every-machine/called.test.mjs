/** The name by which a program was called, and the script it runs: the bpf sensor reports both as the seccomp sensor does. */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

const share = process.env["ISOLINE_SHARE"] ?? "";
const racer = join(share, "names");
const late = join(share, "late");
const { cwd, run } = isolineAs(0);

/** @param {string} name @param {string} text */
const write = (name, text) => writeFileSync(join(cwd, name), text);
write("data", "x\n");
write("a.pl", 'open(my $f, "<", "data"); print <$f>;\n');
write("b.pl", readFileSync(join(cwd, "a.pl"), "utf8"));
write("words.sh", "#!/bin/sh -e\necho words\n");
chmodSync(join(cwd, "words.sh"), 0o755);
symlinkSync("words.sh", join(cwd, "linked"));
write("by-env", "#!/usr/bin/env dash\necho $2\n");
chmodSync(join(cwd, "by-env"), 0o755);
write("good.sh", "exit 0\n");
write("evil.sh", "exit 7\n");

const behaviour = `perl a.pl; perl -e 'print 1'; dash words.sh; ./words.sh; ./words.sh one two; ./by-env three four; ./linked; echo : | dash; dash missing;
  bash -c 'exec -a worker-4711 cat data'; bash -c 'exec -a "title: x" cat data'; sed -n p data; cd /; perl ${cwd}/a.pl`;

/** @param {string} file */
const report = (file) => JSON.parse(readFileSync(join(cwd, file), "utf8"));

for (const lens of ["default", "exact"]) {
  test(`learns the same points as the seccomp sensor, under the ${lens} lens`, { skip }, () => {
    const [bySeccomp, byBpf] = ["seccomp", "bpf"].map((sensor) => {
      const options = [
        "--lens",
        lens,
        "--sensor",
        sensor,
        "-q",
        "-o",
        `${lens}-${sensor}.contour`,
        "--report",
        `${sensor}.json`,
      ];
      const { status, stderr } = run("learn", ...options, "--", "dash", "-c", behaviour);
      equal(status, 0, stderr);
      return report(`${sensor}.json`);
    });
    deepEqual(byBpf.incomplete, []);
    equal(byBpf.state, bySeccomp.state, run("diff", `${lens}-seccomp.contour`, `${lens}-bpf.contour`).stdout);
  });
}

test("enforced, another script and another name are refused before they begin", { skip }, () => {
  const off = `${behaviour}; cd ${cwd}; perl b.pl; bash -c 'exec -a other cat data'`;
  const { stderr } = run("run", "default-bpf.contour", "--sensor", "bpf", "--enforce", "--", "dash", "-c", off);
  match(stderr, /executed \S*perl to run \$CWD\/b\.pl; /);
  match(stderr, /executed \S*cat as other; /);
  match(stderr, /off contour: \d+ departures, .*all refused/);
});

/** A program under another name than it was judged by may begin. It belongs to no known program, so that it can do nothing. */
test("enforced, a program whose name was changed after the verdict opens nothing", {
  skip: skip || !existsSync(racer),
}, () => {
  raced(racer, ["good", "good"], ["good", "evil"], 60);
});

test("enforced, an interpreter without the script that it was judged by runs nothing", {
  skip: skip || !existsSync(late),
}, () => {
  raced(late, ["still"], ["moving"], 40);
});

/**
 * Learns a program that does what it should, and then enforces while a thread of it changes the words of each exec.
 *
 * @param {string} program
 * @param {readonly string[]} still
 * @param {readonly string[]} moving
 * @param {number} tries
 */
function raced(program, still, moving, tries) {
  const contour = `${basename(program)}.contour`;
  const learnt = run("learn", "--sensor", "bpf", "-q", "-o", contour, "--", program, "5", ...still);
  equal(learnt.stdout, '{"good":5,"evil":0,"powerless":0,"refused":0,"other":0}\n', learnt.stderr);
  // Without isoline, the other one acts. On one processor, the thread may get no turn in so short a time.
  const argv = ["--cpu-list", "0", program, String(tries), ...moving];
  const wins = () => JSON.parse(spawnSync("taskset", argv, { cwd, encoding: "utf8" }).stdout).evil > 0;
  equal(Array.from({ length: 50 }).some(wins), true);
  const words = ["--sensor", "bpf", "--enforce", "-q", "--", program, String(tries), ...moving];
  const isMet = () => {
    const enforced = run("run", contour, ...words);
    const { good, evil, powerless, refused, other } = JSON.parse(enforced.stdout);
    deepEqual({ evil, other }, { evil: 0, other: 0 }, enforced.stdout + enforced.stderr);
    equal(good + powerless + refused, tries, enforced.stdout);
    return powerless + refused > 0;
  };
  equal(Array.from({ length: 10 }).some(isMet), true);
}
