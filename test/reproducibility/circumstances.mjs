/** The same workload under other circumstances than its place: other addresses, another schedule, another user. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { difference } from "./experiment.mjs";
import { Origin } from "./place.mjs";
import { at } from "./repetition.mjs";

/** @typedef {import("./place.mjs").Workload} Workload */
/** @typedef {import("./experiment.mjs").How} How */

/**
 * @typedef {object} Circumstance
 * @property {string} name
 * @property {string} says
 * @property {readonly [How, How]} sides the two runs to compare
 * @property {boolean} [busy] whether every processor has other work, which is slow, so only for the everyday workloads
 * @property {boolean} [asRoot] whether only root can arrange it
 */

/** @type {readonly Circumstance[]} */
export const circumstances = [
  {
    name: "addresses",
    says: "once as usual, once without address-space randomisation (`setarch -R`)",
    sides: [{}, { through: ["setarch", "-R"] }],
  },
  {
    name: "one processor",
    says: "once on all processors, once on one (`taskset -c 0`)",
    sides: [{}, { through: ["taskset", "-c", "0"] }],
  },
  {
    name: "busy",
    says: "both while every processor is kept busy by others, once with `nice -n 5`",
    sides: [{}, { through: ["nice", "-n", "5"] }],
    busy: true,
  },
  {
    name: "another user",
    says: "two ordinary users with different ids, names and environments",
    sides: [
      { uid: 4101, environment: { USER: "ann", LOGNAME: "ann", SHELL: "/bin/sh" } },
      { uid: 65001, environment: { USER: "bob", LOGNAME: "bob", SHELL: "/bin/bash", TERM: "dumb", EDITOR: "ed" } },
    ],
    asRoot: true,
  },
];

/**
 * Learns under both sides of a circumstance; returns the points that differ.
 *
 * @param {Workload} workload @param {Circumstance} circumstance @returns {Promise<readonly string[]>}
 */
export async function differUnder(workload, { sides: [one, other], busy = false }) {
  const origin = await Origin.of(workload);
  const burners = busy ? burn() : [];
  try {
    return difference(await at(origin, 0, workload, one), await at(origin, 1, workload, other));
  } finally {
    for (const burner of burners) burner.kill("SIGKILL");
    origin.remove();
  }
}

/** Keeps every processor busy, for two minutes at most. */
function burn() {
  const program = "const end = Date.now() + 120_000; while (Date.now() < end);";
  return Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ["-e", program], { stdio: "ignore" }),
  );
}
