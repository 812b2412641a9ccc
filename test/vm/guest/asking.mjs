/** A program that does what it is told to, inside a namespace (asking.pl). */
import { equal } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isolineAs } from "./isoline.mjs";

export const EPERM = 1;
export const { cwd, run: isoline, start } = isolineAs(0);
spawnSync("mkfifo", [join(cwd, "told")]);
const asking = ["perl", fileURLToPath(new URL("./asking.pl", import.meta.url))];

/** @param {readonly string[]} options */
export const begin = (...options) => beginWith(asking, ...options);

/** Runs a program that is told by the pipe what to do. @param {readonly string[]} program @param {readonly string[]} options */
export function beginWith(program, ...options) {
  const child = start(...options, "--", ...program);
  // A pipe to the child would be closed with it.
  const told = openSync(join(cwd, "told"), "r+");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  const over = new Promise((resolve) => child.once("exit", resolve));
  const hear = async () => (await lines.next()).value ?? `nothing more: ${said}`;
  const say = (/** @type {string} */ line) => writeSync(told, `${line}\n`);
  let isTold = true;
  const end = () => {
    if (isTold) closeSync(told);
    isTold = false;
  };
  return { child, over, hear, say, end };
}

/** @param {number} pid */
export const isStopped = (pid) => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));

/** @param {() => boolean} holds */
export async function until(holds) {
  for (let step = 0; step < 1500 && !holds(); step++) await setTimeout(10);
  equal(holds(), true);
}

/** Learns what there is to be told to do, as `asking.contour`. */
export async function learn() {
  const learnt = begin("learn", "--sensor", "bpf", "-q", "-o", "asking.contour");
  await learnt.hear();
  for (const line of ["make made", "list /etc", "list /usr"]) {
    learnt.say(line);
    equal(await learnt.hear(), `${line} 0`);
  }
  learnt.end();
  await learnt.over;
  rmSync(join(cwd, "made"));
}
