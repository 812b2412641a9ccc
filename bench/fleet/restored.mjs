/** A dump of the database, and a verifier on what was restored from it: what comes back, and how long it takes. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { comparison, goal } from "../harness/comparison.mjs";
import { changesOf, nodeStates } from "./database.mjs";

const CONNECTIONS = 32;

/** @param {import("./benchmark.mjs").Fleet} fleet @returns {Promise<import("../harness/comparison.mjs").Comparison[]>} */
export async function restored(fleet) {
  const nodes = fleet.number("nodes", 5000, 60);
  const site = fleet.site("restored");
  const [database, copy] = [fleet.database("dumped"), fleet.address("restored")];
  const { postgres } = fleet;
  try {
    site.enrol(database, nodes, "whole");
    const first = await site.verifier(database, { due: 60, stale: 600 });
    await site.rules(first);
    const how = { kind: /** @type {const} */ ("whole"), connections: CONNECTIONS, interval: 60_000 };
    const load = await site.load(1, nodes, [first], how);
    await load.everyNode(nodes);
    await load.stop();
    load.close();
    await first.end("SIGTERM");
    const file = join(postgres?.place ?? "", "dump");
    const [dumped, brought] = [
      timed(() => postgres?.dump("dumped", file)),
      timed(() => {
        postgres?.create("restored");
        postgres?.restore("restored", file);
      }),
    ];
    const was = await site.look(database, said);
    const is = await site.look(copy, said);
    const missing = was.filter((line, at) => line !== is[at]).length + Math.abs(was.length - is.length);
    const from = performance.now();
    const second = await site.verifier(copy, { due: 60, stale: 600 });
    const ready = (performance.now() - from) / 1000;
    const again = await site.load(1, nodes, [second], how);
    await again.everyNode(nodes);
    const answered = (performance.now() - from) / 1000;
    const { refused } = await again.tally();
    return [
      comparison({
        what: `a dump of ${nodes} nodes: time to`,
        unit: "s",
        figures: {
          "dump it": [dumped],
          "restore it": [brought],
          "start a verifier on it": [ready],
          "answer every node, from that start": [answered],
        },
        goals: [goal("nodes whose verdict or history did not come back", missing, "at most", 0, "")],
        notes: [
          `the dump has ${(statSync(file).size / 1e6).toFixed(1)} MB`,
          ...Object.entries(refused).map(([why, count]) => `${count} refused: ${why}`),
        ],
      }),
    ];
  } finally {
    await site.close();
  }
}

/** A line for each node: its verdict, and how many changes of it are kept. @param {import("./database.mjs").Db} db */
async function said(db) {
  const changes = await changesOf(db);
  return (await nodeStates(db)).map(({ name, state }) => `${name} ${state} ${changes.get(name) ?? 0}`);
}

/** @param {() => unknown} act */
function timed(act) {
  const from = performance.now();
  act();
  return (performance.now() - from) / 1000;
}
