/** A program that does what a test tells it to (passing.py): its acts are learnt, and then done again while it is enforced. */
import { equal } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beginWith, report } from "./asking.mjs";

const program = ["python3", "-I", "-S", "-B", fileURLToPath(new URL("./passing.py", import.meta.url))];
const ENFORCE = ["--sensor", "bpf", "--enforce", "-q", "--report"];

/** Learns acts, each with its result. @param {string} name @param {Readonly<Record<string, number>>} acts */
export async function learn(name, acts) {
  const run = beginWith(program, "learn", "--sensor", "bpf", "-q", "-o", `${name}.contour`, "--report", `${name}.json`);
  equal(await run.hear(), "ready");
  for (const [act, result] of Object.entries(acts)) equal(await run.ask(act), result, act);
  run.end();
  await run.over;
  return report(`${name}.json`);
}

/** @param {string} name */
export async function enforce(name) {
  const run = beginWith(program, "run", `${name}.contour`, ...ENFORCE, `${name}.json`);
  equal(await run.hear(), "ready");
  return { ...run, told: async () => (run.end(), await run.over, report(`${name}.json`)) };
}

/** From now on the kernel has no names of files in memory but of those that are open. */
export function forgetNames() {
  spawnSync("sync");
  writeFileSync("/proc/sys/vm/drop_caches", "2");
}
