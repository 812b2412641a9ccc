/**
 * A fleet at its interval on two verifiers, for minutes: how late answers come, and how much memory it takes. With `slowest` beyond `due`,
 * verifiers that have too much to do ask nodes more seldom.
 */
import { setTimeout as wait } from "node:timers/promises";
import { comparison } from "../harness/comparison.mjs";
import { quantile } from "../harness/statistics.mjs";
import { nodeStates } from "./database.mjs";

const CONNECTIONS = 64;
const LATE_MS = [1000, 10_000];

/** @param {import("./benchmark.mjs").Fleet} fleet @returns {Promise<import("../harness/comparison.mjs").Comparison[]>} */
export async function held(fleet) {
  const { session } = fleet;
  const nodes = fleet.number("nodes", 100_000, 60);
  const due = fleet.number("due", 60, 4);
  const slowest = fleet.number("slowest", due, due);
  const minutes = fleet.number("minutes", 10, 0.1);
  const site = fleet.site("held");
  const database = fleet.database("held");
  try {
    site.enrol(database, nodes, "whole");
    const timing = { due, dueAtMost: slowest, stale: due * 3 };
    const verifiers = [await site.verifier(database, timing)];
    if (verifiers[0] !== undefined) await site.rules(verifiers[0]);
    verifiers.push(await site.verifier(database, timing));
    const began = performance.now();
    const how = { kind: /** @type {const} */ ("whole"), connections: CONNECTIONS, interval: due * 1000 };
    const load = await site.load(2, nodes, verifiers, how);
    await load.everyNode(nodes);
    const begun = (performance.now() - began) / 1000;
    session.say(`${nodes} nodes have begun after ${begun.toFixed(0)} s`);
    // What was late because others began is over after two intervals.
    await wait(due * 2000);
    if (slowest > due) await wait(slowest * 1000);
    await load.begin();
    const used = verifiers.map(({ processor }) => processor);
    const from = performance.now();
    await wait(minutes * 60_000);
    const told = await load.tally();
    const seconds = (performance.now() - from) / 1000;
    const cores = verifiers.map(({ processor }, at) => (processor - (used[at] ?? 0)) / seconds);
    const own = (told.processor.user + told.processor.system) / 1e6 / seconds;
    const states = await site.look(database, nodeStates);
    const memory = verifiers.map((verifier) => verifier.memory);
    const asked = quantile(told.told, 0.5) / 1000;
    const expected = (nodes / asked) * seconds;
    const late = LATE_MS.map((ms) => `${told.late.filter((one) => one > ms).length} later than ${ms / 1000} s`);
    const refused = Object.entries(told.refused).map(([why, count]) => `${count} refused: ${why}`);
    const interval = slowest > due ? `each ${due} to ${slowest} s, as the verifiers ask` : `each ${due} s`;
    const what = `${nodes} nodes, one attestation ${interval}, for ${minutes} minutes, on two verifiers`;
    const part = (/** @type {number} */ share) => [quantile(told.late, share)];
    return [
      comparison({
        what: `${what}: from when evidence was due to its answer`,
        unit: "ms",
        figures: { median: part(0.5), p99: part(0.99), "p99.9": part(0.999), last: part(1) },
        notes: [
          `${told.attested} attestations of ${Math.round(expected)} that were due; ${late.join(", ")}`,
          `they were asked for the next after ${asked.toFixed(0)} s in the median, ${(quantile(told.told, 1) / 1000).toFixed(0)} s at most`,
          ...refused,
          `${states.filter(({ state }) => state !== "affirming").length} nodes were not affirming at the end`,
          `${(told.attested / seconds).toFixed(0)} a second; the first attestation of all nodes took ${begun.toFixed(0)} s`,
        ],
      }),
      comparison({
        what: `${what}: resident memory of each`,
        unit: "MB",
        figures: { now: memory.map(({ now }) => now), "at most": memory.map(({ most }) => most) },
      }),
      comparison({
        what: `${what}: processors in use`,
        unit: "cores",
        figures: { "each verifier": cores, "the load generators together": [own] },
      }),
    ];
  } finally {
    await site.close();
  }
}
