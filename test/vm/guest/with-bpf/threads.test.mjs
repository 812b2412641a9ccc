/** Threads that are held beside each other: each call waits for its own verdict, and none fails for it. */
import { equal } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isolineAs, program as isoline } from "../isoline.mjs";
import { programsMissing } from "../bpf-programs.mjs";

const program = join(process.env["ISOLINE_SHARE"] ?? "", "threads");
const skip =
  (programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)") ||
  (!existsSync(program) && "no program: it is compiled where there is a C compiler");
const { cwd } = isolineAs(0);

/** On all processors: on one of them threads are hardly ever stopped at the same time. @param {readonly string[]} args */
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
