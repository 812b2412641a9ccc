/** Both verifiers as their operators start them, over TLS and with a store: steady attestations a second, and what one costs. */
import { setTimeout as wait } from "node:timers/promises";
import { record } from "../fleet/recorded.mjs";
import { Site } from "../fleet/site.mjs";
import { comparison } from "../harness/comparison.mjs";
import { inTurn } from "../harness/contest.mjs";
import { KeylimeVerifier } from "./keylime-verifier.mjs";
import { fileOf } from "./measured-files.mjs";
import { answersOf } from "./node.mjs";

/**
 * @typedef {object} Side
 * @property {(isPaused: boolean) => Promise<unknown>} pause
 * @property {() => Promise<number>} attested so far
 * @property {() => number} processor seconds that the verifier used so far
 * @property {() => Promise<readonly string[]>} refused why it did not accept; what an agent sends again at once is among it
 * @property {() => Promise<void>} end
 */

/** Keylime's client has as many at once. */
const CONNECTIONS = 10;
const NODES = 100;
/** Refusals after which a node sends again: a verifier that starves for seconds loses its lease. They count as not attested. */
const PASSING = ["connection:", "owned-elsewhere", "challenge-refused", "full-log-needed"];
const PATIENCE_MS = 300_000;

/**
 * @param {import("../harness/session.mjs").Session} session @param {import("./keylime-verifier.mjs").Source} source
 * @param {number} entries of IMA @returns {Promise<import("../harness/comparison.mjs").Comparison[]>}
 */
export async function served(session, source, entries) {
  /** @type {Record<string, Side>} */
  const sides = {};
  try {
    sides["isoline"] = await isoline(session, entries, true);
    sides["isoline, connections kept"] = await isoline(session, entries, false);
    sides["Keylime"] = await keylime(session, source, entries);
    const [rounds, seconds] = session.quick ? [1, 1.5] : [session.rounds(5, 1), 5];
    /** @type {Record<string, number[]>} */
    const costs = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
    const turns = Object.entries(sides).map(([name, side]) => {
      const turn = async () => {
        const { rate, cost } = await measured(side, seconds);
        costs[name]?.push(cost);
        return rate;
      };
      return /** @type {const} */ ([name, turn]);
    });
    const figures = await inTurn(Object.fromEntries(turns), { rounds, warmups: 1 });
    const notes = [];
    for (const [name, side] of Object.entries(sides)) {
      const refused = await side.refused();
      const wrong = refused.filter((why) => !PASSING.some((passing) => why.startsWith(passing)));
      if (wrong.length > 0) throw new Error(`expected ${name} to accept, got ${wrong.join(", ")}`);
      if (refused.length > 0) notes.push(`${name} refused for a moment: ${refused.join(", ")}`);
    }
    const what = `steady attestations over TLS, ${NODES} nodes with ${entries} entries of IMA`;
    const paid = Object.fromEntries(Object.entries(costs).map(([name, all]) => [name, all.slice(-rounds)]));
    return [
      comparison({ what, unit: "a second", figures, against: "isoline", notes }),
      comparison({
        what: `one of these ${what}`,
        unit: "ms of processor time of the verifier",
        figures: paid,
        against: "isoline",
      }),
    ];
  } finally {
    for (const side of Object.values(sides)) await side.end();
  }
}

/** @param {Side} side @param {number} seconds */
async function measured(side, seconds) {
  await side.pause(false);
  await wait(300);
  const [began, before, used] = [performance.now(), await side.attested(), side.processor()];
  await wait(seconds * 1000);
  const [took, attested, spent] = [
    performance.now() - began,
    (await side.attested()) - before,
    side.processor() - used,
  ];
  await side.pause(true);
  await wait(300);
  return { rate: (attested * 1000) / took, cost: (spent * 1000) / attested };
}

/** @param {import("../harness/session.mjs").Session} session @param {number} entries @param {boolean} isFresh @returns {Promise<Side>} */
async function isoline(session, entries, isFresh) {
  const files = Array.from({ length: entries - 1 }, (_, at) => fileOf(at + 1).path);
  const recorded = await record(session.folder(`recorded-${isFresh}`), files);
  const site = new Site(session.folder(`isoline-${isFresh}`), recorded, undefined);
  const database = `pglite:${site.place}/store`;
  site.enrol(database, NODES, "list");
  const verifier = await site.verifier(database);
  await site.rules(verifier);
  const load = await site.load(1, NODES, [verifier], { kind: "list", connections: CONNECTIONS, interval: 0, isFresh });
  await load.everyNode(NODES);
  await load.pause(true);
  return {
    pause: (isPaused) => load.pause(isPaused),
    attested: async () => (await load.tally()).attested,
    processor: () => verifier.processor,
    refused: async () => Object.keys((await load.tally()).refused),
    end: () => site.close(),
  };
}

/**
 * @param {import("../harness/session.mjs").Session} session @param {import("./keylime-verifier.mjs").Source} source
 * @param {number} entries @returns {Promise<Side>}
 */
async function keylime(session, source, entries) {
  const order = { entries, steady: 0, grown: 0, withBootLog: false };
  const node = await answersOf(session.folder("served-node"), order);
  const verifier = new KeylimeVerifier(source, session.folder("keylime-verifier"));
  await verifier.start(node, NODES);
  // The first of each node has the whole list.
  for (const until = performance.now() + PATIENCE_MS; (await verifier.answered()) < 2 * NODES; await wait(200)) {
    if (performance.now() < until && !verifier.hasEnded) continue;
    verifier.end();
    throw new Error(`Keylime's verifier asks no agent: ${verifier.said}`);
  }
  await verifier.pause(true);
  return {
    pause: (isPaused) => verifier.pause(isPaused),
    attested: () => verifier.answered(),
    processor: () => verifier.processor,
    refused: async () => verifier.states().refused,
    end: async () => verifier.end(),
  };
}
