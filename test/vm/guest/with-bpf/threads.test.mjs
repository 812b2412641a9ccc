/** Threads that are held at the same time: each call waits for its own verdict, and none fails because of it. */
import { equal } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isolineAs, program as isoline } from "../isoline.mjs";
import { withoutPrograms } from "../bpf-programs.mjs";

const program = join(process.env["ISOLINE_SHARE"] ?? "", "threads");
const skip =
  withoutPrograms || (!existsSync(program) && "the program is missing: it is compiled on a host with a C compiler");
const { cwd } = isolineAs(0);

/** On all processors: on a single one, threads are hardly ever stopped at the same time. @param {readonly string[]} args */
function run(...args) {
  const env = { PATH: process.env["PATH"], HOME: cwd, LC_ALL: "C" };
  return spawnSync(isoline, args, { cwd, env, encoding: "utf8" });
}

test("threads that are held at once see their files opened, and nothing else", { skip }, () => {
  const files = join(cwd, "files");
  mkdirSync(files);
  for (let file = 0; file < 192; file++) writeFileSync(join(files, String(file)), "");
  const learnt = run("learn", "--sensor", "bpf", "-q", "-o", "threads.contour", "--", program, files);
  equal(learnt.stdout, "192 opens\n", learnt.stderr);
  const held = run("run", "threads.contour", "--sensor", "bpf", "--enforce", "-q", "--", program, files);
  equal(held.stdout, "192 opens\n", held.stderr);
  equal(held.status, 0);
});
