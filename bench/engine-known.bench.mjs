/**
 * Repeated events: raw key → verdict, at 100 keys and at 1 000 000.
 *
 *   hot      few keys over and over, as a workload does; tables of both sizes alternate, and medians are compared
 *   random   any key of the large table: the worst case, bound by the memory of the machine
 *
 * Run `npm run build` first. Prints a table; `--json` prints the figures.
 */
import { randomBytes, randomInt } from "node:crypto";
import { KnownKeys } from "@isoline/core";

const KEY = 96;
const DRAWS = 4096;
const ROUNDS = 21;
const LOOKUPS = 400_000;

const seed = [randomInt(2 ** 31), randomInt(2 ** 31)];
const base = randomBytes(KEY);

function keyAt(index, into, at) {
  base.copy(into, at);
  into.writeUInt32LE(index, at + 40);
  into.writeUInt32LE(Math.imul(index, 0x9e3779b1) >>> 0, at + 72);
}

function tableOf(count) {
  const known = new KnownKeys(seed, { maxBytes: 2 ** 30 });
  const key = Buffer.alloc(KEY);
  for (let index = 0; index < count; index++) {
    keyAt(index, key, 0);
    known.remember(key, 0, KEY, index + 1);
  }
  return known;
}

/** Records as a sensor has them: one buffer, one record after the other. */
function recordsOf(indexes) {
  const records = Buffer.alloc(indexes.length * KEY);
  for (const [at, index] of indexes.entries()) keyAt(index, records, at * KEY);
  return records;
}

function nanosecondsPerLookup(known, records, lookups) {
  const count = records.length / KEY;
  let found = 0;
  const start = process.hrtime.bigint();
  for (let done = 0, at = 0; done < lookups; done++) {
    if (known.lookup(records, at * KEY, at * KEY + KEY) !== 0) found += 1;
    at = at + 1 === count ? 0 : at + 1;
  }
  const nanoseconds = Number(process.hrtime.bigint() - start) / lookups;
  if (found !== lookups) throw new Error(`expected every key to be known, ${lookups - found} were not`);
  return nanoseconds;
}

const round2 = (figure) => Math.round(figure * 100) / 100;
const median = (figures) => figures.toSorted((a, b) => a - b)[figures.length >> 1];

/** `working` different keys out of a table of `count`, drawn over and over. */
function hotRecords(working, count) {
  const indexes = Array.from({ length: working }, () => randomInt(count));
  return recordsOf(Array.from({ length: DRAWS }, () => indexes[randomInt(working)]));
}

const small = tableOf(100);
const medium = tableOf(4096);
const large = tableOf(1_000_000);
const series = {
  "100 keys, 100 of them hot": [small, hotRecords(100, 100)],
  "1 000 000 keys, 100 of them hot": [large, hotRecords(100, 1_000_000)],
  "4096 keys, 4096 of them hot": [medium, hotRecords(4096, 4096)],
  "1 000 000 keys, 4096 of them hot": [large, hotRecords(4096, 1_000_000)],
};
const cold = recordsOf(Array.from({ length: 200_000 }, () => randomInt(1_000_000)));

const figures = Object.fromEntries(Object.keys(series).map((name) => [name, []]));
for (let round = -3; round < ROUNDS; round++) {
  for (const [name, [known, records]] of Object.entries(series)) {
    const nanoseconds = nanosecondsPerLookup(known, records, LOOKUPS);
    if (round >= 0) figures[name].push(nanoseconds);
  }
}
figures["1 000 000 keys, all in random order"] = Array.from({ length: 5 }, () =>
  nanosecondsPerLookup(large, cold, cold.length / KEY),
);

const medians = Object.fromEntries(Object.entries(figures).map(([name, all]) => [name, median(all)]));
const [hundred, hundredOfMillion, thousands, thousandsOfMillion] = Object.values(medians);
const result = {
  ...Object.fromEntries(Object.entries(medians).map(([name, ns]) => [`${name}: million/s`, round2(1000 / ns)])),
  "ratio of tables, 100 keys hot": round2(hundredOfMillion / hundred),
  "ratio of tables, 4096 keys hot": round2(thousandsOfMillion / thousands),
  "bytes a key": round2(large.bytes / large.size),
};
if (process.argv.includes("--json")) console.log(JSON.stringify(result));
else console.table(result);
