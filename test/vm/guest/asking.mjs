/** A program inside a namespace that does what the test tells it to (asking.pl). */
import { equal } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isolineAs } from "./isoline.mjs";

export const EPERM = 1;
export const { cwd, run: isoline, start } = isolineAs(0);
spawnSync("mkfifo", [join(cwd, "told")]);
export const program = fileURLToPath(new URL("./asking.pl", import.meta.url));
const asking = ["perl", program];

/** @param {readonly string[]} options */
export const begin = (...options) => beginWith(asking, ...options);

/** @type {(() => void)[]} */
const ends = [];

/** Ends the processes that a failed test has left. */
export function endAll() {
  for (const end of ends.splice(0)) end();
}

/** Runs a program that gets its commands by the pipe. @param {readonly string[]} program @param {readonly string[]} options */
export function beginWith(program, ...options) {
  const child = start(...options, "--", ...program);
  // A pipe to the child would be closed when the child ends.
  const told = openSync(join(cwd, "told"), "r+");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  /** @type {Promise<number | null>} */
  const over = new Promise((resolve) => child.once("exit", resolve));
  const hear = async () => (await lines.next()).value ?? `nothing more: ${said}`;
  const say = (/** @type {string} */ line) => writeSync(told, `${line}\n`);
  /** The result of an act: a number. @param {string} act */
  const ask = async (act) => {
    say(act);
    const answer = await hear();
    equal(answer.startsWith(`${act} `), true, answer);
    return Number(answer.slice(act.length));
  };
  let isTold = true;
  const end = () => {
    if (isTold) closeSync(told);
    isTold = false;
  };
  ends.push(() => {
    end();
    child.kill("SIGKILL");
  });
  return { child, over, hear, say, ask, end, saidOnError: () => said };
}

/** @param {number} pid */
export const isStopped = (pid) => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));

/** @param {() => boolean} holds */
export async function until(holds) {
  for (let step = 0; step < 6000 && !holds(); step++) await setTimeout(10);
  equal(holds(), true);
}

/** Learns every act, as `asking.contour`. @param {readonly string[]} more */
export async function learn(...more) {
  const learnt = begin("learn", "--sensor", "bpf", "-q", "-o", "asking.contour");
  await learnt.hear();
  for (const line of ["make made", "list /etc", "list /usr", ...more]) {
    learnt.say(line);
    equal(await learnt.hear(), `${line} 0`);
  }
  learnt.end();
  await learnt.over;
  rmSync(join(cwd, "made"));
}

/** The learnt contour, under a policy with another reaction. @param {string} reaction */
export function withReaction(reaction) {
  const text = readFileSync(join(cwd, "asking.contour"), "utf8").replace('reaction "log"', `reaction "${reaction}"`);
  const file = `${reaction}.contour`;
  writeFileSync(join(cwd, file), text);
  return file;
}

/** @param {string} file */
export const report = (file) => JSON.parse(readFileSync(join(cwd, file), "utf8"));
