/** A program in memory: it can be written to without a change of its times, so it is read again at each exec. */
import { equal } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

const { cwd, run } = isolineAs(0);
const running = ["--", "python3", "-I", "-S", "-B", fileURLToPath(new URL("../in-memory.py", import.meta.url))];

/** The program again as it was learnt, with bytes at its end that it does not need. */
function lay() {
  copyFileSync("/bin/true", join(cwd, "memory/program"));
  appendFileSync(join(cwd, "memory/program"), Buffer.alloc(4096));
}

test("a program in memory that is written to in silence does not run again", { skip }, () => {
  mkdirSync(join(cwd, "memory"));
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", "memory"], { cwd });
  lay();
  const learnt = run("learn", "--sensor", "bpf", "-q", "-o", "memory.contour", ...running);
  equal(learnt.stdout, "ran ran\n", learnt.stderr);
  // What is written does not keep the program from running.
  lay();
  const [, python = "", ...words] = running;
  equal(spawnSync(python, [...words, "change"], { cwd, encoding: "utf8" }).stdout, "ran ran\n");
  for (const [more, said] of /** @type {const} */ ([
    [[], "ran ran\n"],
    [["change"], "ran refused\n"],
  ])) {
    lay();
    equal(run("run", "memory.contour", "--sensor", "bpf", "--enforce", "-q", ...running, ...more).stdout, said);
  }
});
