/** What each verifier spends for one attestation, in turn, on the same node. */
import { comparison, written } from "../harness/comparison.mjs";
import { inTurn } from "../harness/contest.mjs";
import { median } from "../harness/statistics.mjs";
import { IsolineJudge } from "./isoline.mjs";
import { answersOf, GROWTH } from "./node.mjs";

/**
 * @typedef {import("./node.mjs").Answers} Answers
 * @typedef {{ readonly before: readonly number[], readonly timed: readonly number[], readonly times: number }} Case numbers of answers
 */

const [FIRST, ALTERED, STEADY] = [0, 1, 2];
/** Entries after which V8 has compiled the code that reads them, as it has in a verifier that runs for days. */
const COMPILED = 50_000;

/**
 * @param {import("../harness/session.mjs").Session} session @param {import("./keylime.mjs").Keylime} keylime
 * @param {{ entries: number, withBootLog?: boolean }} order @returns {Promise<import("../harness/comparison.mjs").Comparison[]>}
 */
export async function contest(session, keylime, { entries, withBootLog = false }) {
  const [steady, grown] = session.quick ? [3, 3] : entries > 1000 ? [10, 5] : [40, 20];
  const scratch = session.folder(`node-${entries}-${withBootLog}`);
  const node = await answersOf(scratch, { entries, withBootLog, steady, grown: withBootLog ? 0 : grown });
  const judge = await IsolineJudge.open(node, withBootLog);
  await keylime.agent(node, withBootLog);
  await assertRefused(node, judge, keylime);
  await byIsoline(node, judge, {
    before: [],
    timed: [FIRST],
    times: session.quick ? 1 : Math.ceil(COMPILED / entries),
  });
  const many = session.quick ? 1 : Math.max(1, Math.round(2000 / entries));
  const numbers = (/** @type {number} */ count, /** @type {number} */ from) =>
    Array.from({ length: count }, (_, at) => from + at);
  /** @type {Record<string, Case>} */
  const cases = {
    "first attestation": { before: [], timed: [FIRST], times: many },
    "steady attestation, nothing new": { before: [FIRST], timed: numbers(steady, STEADY), times: 1 },
    ...(!withBootLog && {
      [`steady attestation, ${GROWTH} new entries`]: {
        before: [FIRST],
        timed: numbers(grown, STEADY + steady),
        times: 1,
      },
    }),
  };
  const about = `${written(entries)} entries of IMA${withBootLog ? " and a log of measured boot" : ""}`;
  const comparisons = [];
  for (const [name, one] of Object.entries(cases)) {
    const figures = await inTurn(
      {
        isoline: () => byIsoline(node, judge, one),
        Keylime: () => byKeylime(keylime, one, true),
        "Keylime, its policy read once": () => byKeylime(keylime, one, false),
      },
      { rounds: session.rounds(7, 1), warmups: session.quick ? 1 : 2 },
    );
    const rates = Object.entries(figures).map(([who, ms]) => `${who} ${written(1000 / median(ms))}`);
    comparisons.push(
      comparison({
        what: `${name}, ${about}`,
        unit: "ms of processor time",
        figures,
        against: "isoline",
        notes: [`attestations a second on one processor: ${rates.join(", ")}`],
      }),
    );
  }
  return comparisons;
}

/**
 * A verifier that accepts everything would be fast.
 *
 * @param {Answers} node @param {IsolineJudge} judge @param {import("./keylime.mjs").Keylime} keylime
 */
async function assertRefused(node, judge, keylime) {
  judge.forget();
  const { state } = await judge.judge(node.altered.isoline);
  if (state === "affirming") throw new Error("expected isoline to refuse an altered list, got that it accepts it");
  const { refused } = await keylime.run({ before: [], timed: [ALTERED], times: 1, reads_policy: true });
  if (refused.length === 0) throw new Error("expected Keylime to refuse an altered list, got that it accepts it");
}

/** Milliseconds of the processor for each attestation, all threads. @param {Answers} node @param {IsolineJudge} judge @param {Case} one */
async function byIsoline(node, judge, { before, timed, times }) {
  const answers = [node.first, node.altered, ...node.steady, ...node.grown].map(({ isoline }) => isoline);
  const each = async (/** @type {readonly number[]} */ numbers) => {
    for (const number of numbers) {
      const { state, why } = await judge.judge(/** @type {typeof answers[number]} */ (answers[number]));
      if (state !== "affirming") throw new Error(`expected isoline to accept, got ${state}: ${why}`);
    }
  };
  let spent = 0;
  for (let time = 0; time < times; time++) {
    judge.forget();
    await each(before);
    const start = process.cpuUsage();
    await each(timed);
    const { user, system } = process.cpuUsage(start);
    spent += user + system;
  }
  return spent / 1000 / times / timed.length;
}

/** @param {import("./keylime.mjs").Keylime} keylime @param {Case} one @param {boolean} reads */
async function byKeylime(keylime, { before, timed, times }, reads) {
  const { seconds, refused } = await keylime.run({ before, timed, times, reads_policy: reads });
  if (refused.length > 0) throw new Error(`expected Keylime to accept, got ${refused.join(", ")}`);
  return (seconds * 1000) / times / timed.length;
}
