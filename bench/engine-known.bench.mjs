/** The table of known keys alone, which makes a repeated event cheap: raw key → verdict, with 100 keys and with 1 000 000. */
import { randomBytes, randomInt } from "node:crypto";
import { KnownKeys } from "../packages/core/dist/engine/index.js";
import { comparison, goal } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { median } from "./harness/statistics.mjs";

const KEY = 96;
const DRAWS = 4096;
const LOOKUPS = 400_000;
const MILLION = 1_000_000;

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "raw key → remembered verdict",
  method: `Keys of ${KEY} bytes that differ in two words, as a sensor's keys do. "hot": a few keys over and over, as a workload
makes them; "any": every key of the large table in random order, the worst case, bound by the memory of the machine.`,

  async run(session) {
    const small = tableOf(100);
    const medium = tableOf(4096);
    const large = tableOf(MILLION);
    const of = (/** @type {KnownKeys} */ known, /** @type {Buffer} */ records) => () => thousandLookups(known, records);
    const figures = await inTurn(
      {
        "100 keys, all hot": of(small, hotRecords(100, 100)),
        "1 000 000 keys, 100 hot": of(large, hotRecords(100, MILLION)),
        "4 096 keys, all hot": of(medium, hotRecords(4096, 4096)),
        "1 000 000 keys, 4 096 hot": of(large, hotRecords(4096, MILLION)),
        "1 000 000 keys, any": of(large, recordsOf(Array.from({ length: 200_000 }, () => randomInt(MILLION)))),
      },
      { rounds: session.rounds(21, 3), warmups: session.quick ? 1 : 3 },
    );
    return [
      comparison({
        what: "lookups of known keys",
        unit: "thousand/s",
        figures,
        against: "100 keys, all hot",
        goals: [
          goal(
            "table of known keys, 1 000 000 keys against 100, hot",
            median(figures["100 keys, all hot"]) / median(figures["1 000 000 keys, 100 hot"]),
            "at most",
            1.3,
            "× the time",
          ),
          goal(
            "table of known keys, 1 000 000 keys against 4 096, hot",
            median(figures["4 096 keys, all hot"]) / median(figures["1 000 000 keys, 4 096 hot"]),
            "at most",
            1.3,
            "× the time",
          ),
          goal("table of known keys, memory a key", large.bytes / large.size, "at most", 300, "bytes"),
        ],
      }),
    ];
  },
};

const seed = /** @type {const} */ ([randomInt(2 ** 31), randomInt(2 ** 31)]);
const base = randomBytes(KEY);

/** @param {number} index @param {Buffer} into @param {number} at */
function keyAt(index, into, at) {
  base.copy(into, at);
  into.writeUInt32LE(index, at + 40);
  into.writeUInt32LE(Math.imul(index, 0x9e3779b1) >>> 0, at + 72);
}

/** @param {number} count */
function tableOf(count) {
  const known = new KnownKeys(seed, { maxBytes: 2 ** 30 });
  const key = Buffer.alloc(KEY);
  for (let index = 0; index < count; index++) {
    keyAt(index, key, 0);
    known.remember(key, 0, KEY, index + 1);
  }
  return known;
}

/** Records as a sensor stores them: one after the other in one buffer. @param {readonly number[]} indexes */
function recordsOf(indexes) {
  const records = Buffer.alloc(indexes.length * KEY);
  for (const [at, index] of indexes.entries()) keyAt(index, records, at * KEY);
  return records;
}

/** `working` different keys of a table of `count`, repeated. @param {number} working @param {number} count */
function hotRecords(working, count) {
  const indexes = Array.from({ length: working }, () => randomInt(count));
  return recordsOf(Array.from({ length: DRAWS }, () => indexes[randomInt(working)] ?? 0));
}

/** Lookups a second, in thousands. @param {KnownKeys} known @param {Buffer} records */
function thousandLookups(known, records) {
  const count = records.length / KEY;
  let found = 0;
  const start = process.hrtime.bigint();
  for (let done = 0, at = 0; done < LOOKUPS; done++) {
    if (known.lookup(records, at * KEY, at * KEY + KEY) !== 0) found += 1;
    at = at + 1 === count ? 0 : at + 1;
  }
  const nanoseconds = Number(process.hrtime.bigint() - start);
  if (found !== LOOKUPS) throw new Error(`expected every key to be known, got ${LOOKUPS - found} unknown`);
  return (LOOKUPS * 1e6) / nanoseconds;
}
