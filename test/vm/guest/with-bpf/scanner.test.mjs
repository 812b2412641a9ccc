/**
 * A workload that decides about opens by fanotify: the supervisor reads the same files, and must not wait for the workload while
 * the workload waits for the supervisor.
 */
import { equal } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withoutPrograms } from "../bpf-programs.mjs";
import { isolineAs, program as isoline } from "../isoline.mjs";

const scanner = join(process.env["ISOLINE_SHARE"] ?? "", "asked");
const skip =
  withoutPrograms || (!existsSync(scanner) && "the program is missing: it is compiled on a host with a C compiler");
const { cwd } = isolineAs(0);

/** On all processors: to make a group is an act that the BPF programs wait for in place. @param {readonly string[]} args */
function run(...args) {
  const env = { PATH: process.env["PATH"], HOME: cwd, LC_ALL: "C" };
  return spawnSync(isoline, args, { cwd, env, encoding: "utf8" });
}

/** A new program, which the supervisor has to read. */
function lay() {
  copyFileSync("/bin/true", join(cwd, "asked"));
  rmSync(join(cwd, "log"), { force: true });
}

describe("a scanner by fanotify", { skip }, () => {
  lay();
  const outside = spawnSync(scanner, [], { cwd, encoding: "utf8" }).stdout;

  test("outside: answers one event, and the program ends", () => {
    equal(outside, "asked by the child\nended 0\n");
  });

  const options = ["--sensor", "bpf", "--report", "report.json"];
  const modes = {
    learn: ["learn", "-o", "scanner.contour", ...options],
    check: ["check", "scanner.contour", ...options],
    enforce: ["run", "scanner.contour", "--enforce", ...options],
  };
  for (const [mode, words] of Object.entries(modes))
    test(`${mode}: gets events for its own opens and no others, and the program that it judges ends`, () => {
      lay();
      const { status, stdout, stderr } = run(...words, "--", scanner);
      equal(status, 0, stderr);
      // A call that was held is made again, and the kernel asks the scanner again.
      equal(mode === "enforce" ? stdout.replace(/^(asked by the child\n)+/, "$1") : stdout, outside, stderr);
      equal(JSON.parse(readFileSync(join(cwd, "report.json"), "utf8")).incomplete.length, 0, stderr);
      if (mode !== "learn") return;
      // Once more, with the log that a second question finds.
      copyFileSync("/bin/true", join(cwd, "asked"));
      equal(run("learn", "--merge", "-o", "scanner.contour", ...options, "--", scanner).status, 0);
    });
});
