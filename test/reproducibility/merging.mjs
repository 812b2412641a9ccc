/** Workloads that behave differently each time: how many runs `learn --merge` takes until nothing new comes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertEndedWell, run } from "./experiment.mjs";
import { Origin } from "./place.mjs";
import { at } from "./repetition.mjs";
import { npmOnce } from "./workloads/packages.mjs";
import { gitAtOnce } from "./workloads/stores.mjs";

/** @typedef {import("./place.mjs").Workload} Workload */

/**
 * @typedef {object} Convergence
 * @property {string} says
 * @property {readonly number[]} added points that each run added
 * @property {number} until the run that added the last of them
 */

/** @type {Workload} */
const drawnJobs = {
  name: "drawn jobs",
  says: "a script that draws three of eight jobs each time, each with a program and a file of its own",
  programs: ["sh"],
  prepare(cwd) {
    for (let n = 1; n <= 8; n++) writeFileSync(join(cwd, `data${n}`), `${n}\n`);
    writeFileSync(
      join(cwd, "jobs.sh"),
      `for n in $(shuf -n 3 -i 1-8); do
  case $n in
    1) wc -l data1;; 2) sort data2;; 3) head -1 data3;; 4) tail -1 data4;;
    5) cksum data5;; 6) od data6;; 7) rev data7;; 8) tac data8;;
  esac
done > out
`,
    );
  },
  command: ["sh", "jobs.sh"],
};

/** @type {Workload} */
const makeAgain = {
  name: "make again",
  says: "`make` with objects that are kept: what was built is not built again, and one source in six changes by chance",
  programs: ["make", "cc"],
  prepare(cwd) {
    const numbers = [1, 2, 3, 4, 5, 6];
    for (const n of numbers) writeFileSync(join(cwd, `u${n}.c`), `int u${n}(void) { return ${n}; }\n`);
    writeFileSync(join(cwd, "main.c"), "int main(void) { return 0; }\n");
    const objects = ["main.o", ...numbers.map((n) => `u${n}.o`)].join(" ");
    writeFileSync(join(cwd, "Makefile"), `program: ${objects}\n\tcc -o $@ ${objects}\n%.o: %.c\n\tcc -c -o $@ $<\n`);
    writeFileSync(join(cwd, "change.sh"), 'make && sleep 0.01 && touch "u$(shuf -n 1 -i 1-6).c" && make\n');
  },
  command: ["sh", "change.sh"],
};

/** Each with whether it continues from the state that the run before left, or from a clean start. */
export const varying = [
  { workload: drawnJobs, stays: false },
  { workload: makeAgain, stays: false },
  { workload: gitAtOnce, stays: false },
  { workload: npmOnce, stays: true },
];

/** The runs that must add nothing before a contour counts as complete. */
const STILL = 5;
const MOST_RUNS = 40;

/** Merges runs until nothing new comes. @param {typeof varying[number]} varying @returns {Promise<Convergence>} */
export async function converge({ workload, stays }) {
  const origin = await Origin.of(workload);
  const files = mkdtempSync(join(tmpdir(), "merging-"));
  const place = origin.place(0);
  const how = /** @type {const} */ ({ does: "merge", contour: join(files, "contour") });
  const once = (/** @type {number} */ n) => (stays ? run(workload, place, how) : at(origin, n, workload, how));
  try {
    const added = [];
    while (added.length < MOST_RUNS && !standsStill(added)) {
      const outcome = await once(added.length);
      assertEndedWell(workload, outcome);
      added.push(outcome.report.added);
    }
    return { says: workload.says, added, until: added.findLastIndex((count) => count > 0) + 1 };
  } finally {
    for (const directory of [files, place.top]) rmSync(directory, { recursive: true, force: true });
    origin.remove();
  }
}

const standsStill = (/** @type {readonly number[]} */ added) =>
  added.length > STILL && added.slice(-STILL).every((count) => count === 0);
