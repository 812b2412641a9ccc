/** Steady attestations a second, end to end: what they cost the verifier, and what they leave in its store. */
import { setTimeout as wait } from "node:timers/promises";
import { comparison, goal } from "../harness/comparison.mjs";
import { median, quantile } from "../harness/statistics.mjs";
import { SHOWN_MS, written } from "./database.mjs";

/**
 * @typedef {object} Window
 * @property {number} rate attestations a second
 * @property {number} verifier milliseconds of the processors an attestation, of all verifiers together
 * @property {number} generator the same of the load generator
 * @property {readonly number[]} took milliseconds of each attestation
 *
 * @typedef {object} Steady
 * @property {Window[]} windows
 * @property {number} requests HTTP requests an attestation
 * @property {number} news evidence that was written
 * @property {Readonly<Record<string, number>>} refused
 * @property {{ readonly rows: number, readonly transactions: number } | undefined} written in PostgreSQL, while so many attested
 * @property {number} attested
 * @property {number} deltas of these, those that went out without their logs
 */

const CONNECTIONS = 32;

/** @param {import("./benchmark.mjs").Fleet} fleet @returns {Promise<import("../harness/comparison.mjs").Comparison[]>} */
export async function steady(fleet) {
  const { session } = fleet;
  /** @type {Record<string, Steady>} */
  const found = { "embedded store": await measured(fleet, "whole", undefined) };
  if (fleet.postgres !== undefined) {
    found["PostgreSQL"] = await measured(fleet, "whole", "steady");
    if (!session.quick) {
      found["PostgreSQL, two verifiers"] = await measured(fleet, "whole", "pair", 2);
      found["PostgreSQL, a quote and no logs"] = await measured(fleet, "quote", "quotes");
    }
  }
  const of = (/** @type {(window: Window) => number} */ figure) =>
    Object.fromEntries(Object.entries(found).map(([name, { windows }]) => [name, windows.map(figure)]));
  const whole = Object.entries(found).filter(([name]) => !name.includes("no logs"));
  const best = Math.max(...whole.map(([, { windows }]) => median(windows.map(({ rate }) => rate))));
  const all = Object.values(found);
  const rows = all.reduce((sum, { news, written: wrote }) => sum + news + (wrote?.rows ?? 0), 0);
  const requests = Math.max(...all.map((one) => one.requests));
  const goals = session.quick ? [] : [goal("steady attestations, TLS to store", best, "at least", 2000, "a second")];
  return [
    comparison({
      what: "steady attestations",
      unit: "a second",
      figures: of(({ rate }) => rate),
      goals: [
        ...goals,
        goal("rows written by steady attestations", rows, "at most", 0, ""),
        goal("HTTP requests of a steady attestation", requests, "at most", 1, ""),
      ],
      notes: Object.entries(found).map(([name, one]) => `${name}: ${noteOn(one)}`),
    }),
    comparison({
      what: "processor time of the verifier, all its threads, an attestation",
      unit: "ms",
      figures: of(({ verifier }) => verifier),
    }),
    comparison({
      what: "processor time of the load generator an attestation",
      unit: "ms",
      figures: of(({ generator }) => generator),
    }),
  ];
}

/** @param {Steady} steady */
function noteOn({ windows, requests, news, refused, written: wrote, attested, deltas }) {
  const took = windows.flatMap((window) => window.took);
  const times = [0.5, 0.99].map((part) => `p${part * 100} ${quantile(took, part).toFixed(1)} ms`).join(", ");
  const rows = wrote && `${wrote.rows} rows and ${wrote.transactions} transactions in PostgreSQL`;
  return [
    `${attested} attestations, ${deltas} of them as deltas, ${requests.toFixed(3)} requests each, ${times} with ${CONNECTIONS} at once`,
    `${news} were news`,
    ...(rows === undefined ? [] : [rows]),
    ...Object.entries(refused).map(([why, count]) => `${count} refused: ${why}`),
  ].join("; ");
}

/**
 * @param {import("./benchmark.mjs").Fleet} fleet @param {"whole" | "quote"} kind @param {string | undefined} name of a database
 * @param {number} [count] of verifiers @returns {Promise<Steady>}
 */
async function measured(fleet, kind, name, count = 1) {
  const { session } = fleet;
  const nodes = fleet.number("nodes", 2000, 60);
  const [rounds, seconds] = session.quick ? [1, 1.5] : [session.rounds(5, 1), fleet.number("seconds", 5, 1)];
  const site = fleet.site(`steady-${kind}-${name ?? "embedded"}`);
  const database = name === undefined ? `pglite:${site.place}/store` : fleet.database(name);
  try {
    site.enrol(database, nodes, kind);
    const verifiers = [await site.verifier(database)];
    for (const verifier of verifiers) await site.rules(verifier);
    while (verifiers.length < count) verifiers.push(await site.verifier(database));
    const connections = CONNECTIONS / count;
    const load = await site.load(1, nodes, verifiers, { kind, connections, interval: 0 });
    const spent = () => verifiers.reduce((sum, { processor }) => sum + processor, 0);
    const news = async () => {
      let sum = 0;
      for (const verifier of verifiers) sum += await verifier.news();
      return sum;
    };
    await load.everyNode(nodes);
    // Each of them has its compiled code by now.
    await wait(session.quick ? 500 : 5000);
    const shown = () => site.look(database, (db) => written(db, name ?? ""));
    const isShown = name !== undefined && !session.quick;
    if (isShown) await wait(SHOWN_MS);
    const before = { news: await news(), written: isShown ? await shown() : undefined };
    await load.begin();
    const whole = { attested: 0, deltas: 0, requests: 0 };
    /** @type {Window[]} */
    const windows = [];
    /** @type {Record<string, number>} */
    const refused = {};
    for (let round = 0; round < rounds; round++) {
      await load.begin();
      const [began, used] = [performance.now(), spent()];
      await wait(seconds * 1000);
      const [told, cost, took] = [await load.tally(), spent() - used, (performance.now() - began) / 1000];
      const own = (told.processor.user + told.processor.system) / 1e6;
      const each = (/** @type {number} */ sum) => (sum * 1000) / told.attested;
      windows.push({ rate: told.attested / took, verifier: each(cost), generator: each(own), took: told.took });
      whole.attested += told.attested;
      whole.deltas += told.deltas;
      whole.requests += told.requests;
      for (const [why, count] of Object.entries(told.refused)) refused[why] = (refused[why] ?? 0) + count;
    }
    const came = (await news()) - before.news;
    if (isShown) await wait(SHOWN_MS);
    const after = isShown ? await shown() : undefined;
    const wrote = before.written &&
      after && {
        rows: after.rows - before.written.rows,
        transactions: after.transactions - before.written.transactions,
      };
    return {
      windows,
      requests: whole.requests / whole.attested,
      news: came,
      refused,
      written: wrote,
      attested: whole.attested,
      deltas: whole.deltas,
    };
  } finally {
    await site.close();
  }
}
