/** One of two verifiers is killed under load: how long its nodes are unwatched, and what is lost. */
import { setTimeout as wait } from "node:timers/promises";
import { comparison, goal } from "../harness/comparison.mjs";
import { lost, ownedByOthers, verifierIds } from "./database.mjs";

const CONNECTIONS = 16;
const LOOK_MS = 50;

/** @param {import("./benchmark.mjs").Fleet} fleet @returns {Promise<import("../harness/comparison.mjs").Comparison[]>} */
export async function killed(fleet) {
  const nodes = fleet.number("nodes", 1000, 60);
  /** @type {{ unwatched: number[], answered: number[], lost: number, acknowledged: number, refused: Record<string, number> }} */
  const sum = { unwatched: [], answered: [], lost: 0, acknowledged: 0, refused: {} };
  for (let round = 0; round < fleet.session.rounds(3, 1); round++) {
    const one = await once(fleet, nodes, round);
    sum.unwatched.push(one.unwatched);
    sum.answered.push(one.answered);
    sum.lost += one.lost;
    sum.acknowledged += one.acknowledged;
    for (const [why, count] of Object.entries(one.refused)) sum.refused[why] = (sum.refused[why] ?? 0) + count;
  }
  return [
    comparison({
      what: `one of two verifiers killed, ${nodes} nodes at work: time until`,
      unit: "s",
      figures: { "the other watches every node": sum.unwatched, "every node was answered again": sum.answered },
      goals: [goal("verdicts lost when a verifier is killed", sum.lost, "at most", 0, "")],
      notes: [
        `${sum.acknowledged} changes of verdicts were acknowledged`,
        ...Object.entries(sum.refused).map(([why, count]) => `${count} refused: ${why}`),
      ],
    }),
  ];
}

/** @param {import("./benchmark.mjs").Fleet} fleet @param {number} nodes @param {number} round */
async function once(fleet, nodes, round) {
  const site = fleet.site(`killed-${round}`);
  const database = fleet.database(`killed_${round}`);
  try {
    site.enrol(database, nodes, "whole");
    const timing = { due: 60, stale: 600 };
    const stays = await site.verifier(database, timing);
    await site.rules(stays);
    const [own = ""] = await site.look(database, verifierIds);
    const dies = await site.verifier(database, timing);
    const how = { kind: /** @type {const} */ ("whole"), connections: CONNECTIONS, interval: 4000, changing: 3 };
    const load = await site.load(1, nodes, [stays, dies], how);
    await load.everyNode(nodes);
    await wait(fleet.session.quick ? 2000 : 10_000);
    await load.begin();
    await load.countAnew();
    const from = performance.now();
    await dies.end("SIGKILL");
    const after = async (/** @type {Promise<unknown>} */ done) => {
      await done;
      return (performance.now() - from) / 1000;
    };
    const watched = site.look(database, async (db) => {
      while ((await ownedByOthers(db, own)) > 0) await wait(LOOK_MS);
    });
    const [unwatched, answered] = await Promise.all([after(watched), after(load.everyNode(nodes))]);
    await wait(fleet.session.quick ? 1000 : 5000);
    const { refused } = await load.tally();
    await load.stop();
    const told = await load.acknowledged();
    const missing = await site.look(database, (db) => lost(db, told));
    return { unwatched, answered, lost: missing.length, acknowledged: changesIn(told), refused };
  } finally {
    await site.close();
  }
}

/**
 * The first verdict of a node is a change as well, where it was acknowledged.
 *
 * @param {readonly import("./generators.mjs").Acknowledged[]} told
 */
export const changesIn = (told) =>
  told.reduce((sum, { complete, changes }) => sum + changes + (complete === undefined ? 0 : 1), 0);
