/** PostgreSQL is ended as by a crash, under load, and comes back: what the verifier answers meanwhile, and what is lost. */
import { setTimeout as wait } from "node:timers/promises";
import { comparison, goal } from "../harness/comparison.mjs";
import { lost } from "./database.mjs";
import { changesIn } from "./killed.mjs";

const CONNECTIONS = 16;

/** @param {import("./benchmark.mjs").Fleet} fleet @returns {Promise<import("../harness/comparison.mjs").Comparison[]>} */
export async function restarted(fleet) {
  const { session, postgres } = fleet;
  const nodes = fleet.number("nodes", 1000, 60);
  const seconds = session.quick ? 2 : 10;
  const site = fleet.site("restarted");
  const database = fleet.database("restarted");
  try {
    site.enrol(database, nodes, "whole");
    const verifier = await site.verifier(database, { due: 60, stale: 600 });
    await site.rules(verifier);
    const how = { kind: /** @type {const} */ ("whole"), connections: CONNECTIONS, interval: 4000, changing: 3 };
    const load = await site.load(1, nodes, [verifier], how);
    await load.everyNode(nodes);
    await wait(session.quick ? 1000 : 8000);
    await load.begin();
    await postgres?.stop("SIGQUIT");
    await wait(seconds * 1000);
    const away = await load.tally();
    await load.countAnew();
    await postgres?.start();
    const from = performance.now();
    await load.everyNode(nodes);
    const answered = (performance.now() - from) / 1000;
    await wait(session.quick ? 1000 : 5000);
    await load.stop();
    const told = await load.acknowledged();
    const missing = await site.look(database, (db) => lost(db, told));
    return [
      comparison({
        what: `PostgreSQL away for ${seconds} s, ${nodes} nodes at work: time from its return until every node was answered`,
        unit: "s",
        figures: { "every node": [answered] },
        goals: [goal("verdicts lost when PostgreSQL crashes", missing.length, "at most", 0, "")],
        notes: [
          `while it was away ${away.attested} attestations were answered: steady ones, while the lease ran`,
          ...Object.entries(away.refused).map(([why, count]) => `${count} refused, to be sent again: ${why}`),
          `${changesIn(told)} changes of verdicts were acknowledged in all`,
        ],
      }),
    ];
  } finally {
    await site.close();
  }
}
