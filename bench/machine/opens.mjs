/**
 * In the machine whose clock counts instructions: opens of a known file: bare, beside a namespace, and in one. Prints one line
 * of JSON.
 *
 *   node opens.mjs PROGRAM TIMES ROUNDS
 */
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { begin, runBare, runInside } from "./deciding.mjs";

const FILE = "/tmp/file";
/** Programs that start at boot end within seconds. Until then they use the only processor. */
const MOST_SETTLING = 20;
const SETTLED = 1.01;
const MOST_DETACHING = 60;
/** In the first rounds after another program has run, the kernel's caches are not filled yet. */
const WARM = 2;

const [program = "", times = "", rounds = ""] = process.argv.slice(2);
const command = [program, "open", times, rounds, FILE];
const figures = (/** @type {string} */ output) => output.trim().split("\n").map(Number).slice(WARM);
const bare = () => figures(runBare(command));

writeFileSync(FILE, "");
await settle();
const functions = attachedFunctions();
const before = bare();
const [load, namespace] = timed(begin);
const [join, other] = timed(begin);
other.leave();
await setTimeout(1000);
const outside = bare();
// The first run decides about the program, the second about its acts. From then on every event is known.
for (let time = 0; time < 2; time++) await runInside(namespace, [program, "open", "1", "1", FILE]);
namespace.setDefaultAction("hold");
const inside = figures(await runInside(namespace, command));
outside.push(...bare());
namespace.leave();
await detached();
await settle();
console.log(JSON.stringify({ bare: [...before, ...bare()], outside, inside, load, join }));

/** The kernel detaches pinned programs one by one, in some 60 ms each. */
async function detached() {
  for (let waited = 0; waited < MOST_DETACHING && attachedFunctions() > functions; waited++) await setTimeout(1000);
  if (attachedFunctions() > functions) throw new Error("the programs were not detached in time");
}

/** Functions of the kernel that a program is attached to. */
function attachedFunctions() {
  const table = readFileSync("/sys/kernel/tracing/enabled_functions", "utf8");
  return table.split("\n").filter((line) => /^\w/.test(line)).length;
}

async function settle() {
  let last = 0;
  for (let turn = 0; turn < MOST_SETTLING; turn++) {
    const now = Number(runBare([program, "open", times, "1", FILE]));
    if (Math.max(now, last) <= SETTLED * Math.min(now, last)) return;
    last = now;
    await setTimeout(300);
  }
}

/** @template T @param {() => T} act @returns {[milliseconds: number, made: T]} */
function timed(act) {
  const start = performance.now();
  const made = act();
  return [performance.now() - start, made];
}
