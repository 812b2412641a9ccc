/**
 * The engine, raw record to verdict, at 100 points and at 1 000 000.
 *
 *   repeated   raw key of 96 bytes → known verdict → judgement, 100 events over and over; learning (counts), enforcing
 *   novel      encoded event → decode → SHA-256 → insert → remember, 20 000 new points on top of those there are
 *
 * Sizes alternate, and medians are compared. Run `npm run build` first. Prints a table; `--json` prints the figures.
 */
import { randomInt } from "node:crypto";
import {
  Contour,
  decodeEvent,
  deriveTask,
  Engine,
  encodeEvent,
  iso1,
  KnownKeys,
  SUPERVISOR,
  sha256,
  ZERO_DIGEST,
} from "@isoline/core";

const SIZES = [100, 1_000_000];
const KEY = 96;
const HOT = 100;
const DRAWS = 4096;
const ROUNDS = 15;
const REPEATS = 400_000;
const NOVEL = 20_000;

const task = deriveTask(ZERO_DIGEST, [{ path: "/usr/bin/node", digest: sha256(Buffer.from("node")) }]);
const ids = { uid: 1000, euid: 1000, suid: 1000, fsuid: 1000, gid: 1000, egid: 1000, sgid: 1000, fsgid: 1000 };
const actor = { task: task.id, parent: task.parent, credentials: { ...ids, capabilities: 0n } };
const rawKey = Buffer.alloc(KEY);
const circumstances = { sequence: 1, process: 1, pid: 1, chain: ["node"], task };

function eventAt(index) {
  const path = `$CWD/node_modules/package-${index % 997}/lib/file-${index}.js`;
  return { op: "open", actor, subject: { access: "read", path, mode: 0o100644, uid: 1000, gid: 1000, fs: "disk" } };
}

/** What a sensor looks up before it resolves anything: device, inode, times and the like, the same bytes but for a few. */
function rawKeyAt(index, into, at) {
  into.fill(0x5a, at, at + KEY);
  into.writeUInt32LE(index, at + 40);
  into.writeUInt32LE(Math.imul(index, 0x9e3779b1) >>> 0, at + 72);
}

/** A sensor with an engine behind it, that has seen `size` different events. */
function namespaceOf(size) {
  const contour = Contour.create({ profile: iso1, policy: "{}" });
  const engine = new Engine({ contour, mode: "learn", reaction: "log" });
  engine.trust.born(1, SUPERVISOR);
  const known = new KnownKeys([randomInt(2 ** 31), randomInt(2 ** 31)], { maxBytes: 2 ** 30 });
  const namespace = { contour, engine, known, size: 0 };
  for (let index = 0; index < size; index++) judge(namespace, encodeEvent(eventAt(index)));
  return namespace;
}

function judge(namespace, record) {
  const { known } = namespace.engine.judge(decodeEvent(record), circumstances);
  rawKeyAt(namespace.size, rawKey, 0);
  namespace.known.remember(rawKey, 0, KEY, known);
  namespace.size += 1;
}

/** Raw keys one after the other in one buffer, as a sensor has them. */
function hotKeys(size) {
  const indexes = Array.from({ length: HOT }, () => randomInt(size));
  const keys = Buffer.alloc(DRAWS * KEY);
  for (let draw = 0; draw < DRAWS; draw++) rawKeyAt(indexes[randomInt(HOT)], keys, draw * KEY);
  return keys;
}

function repeated({ engine, known }, keys) {
  let on = 0;
  const start = process.hrtime.bigint();
  for (let done = 0; done < REPEATS; done++) {
    const at = (done % DRAWS) * KEY;
    if (engine.repeat(known.lookup(keys, at, at + KEY), 1, done).verdict === "on") on += 1;
  }
  const nanoseconds = Number(process.hrtime.bigint() - start) / REPEATS;
  if (on !== REPEATS) throw new Error(`expected every event on contour, ${REPEATS - on} were not`);
  return nanoseconds;
}

function novel(namespace) {
  const records = Array.from({ length: NOVEL }, (_, at) => Buffer.from(encodeEvent(eventAt(namespace.size + at))));
  const before = namespace.contour.size;
  const start = process.hrtime.bigint();
  for (const record of records) judge(namespace, record);
  const nanoseconds = Number(process.hrtime.bigint() - start) / NOVEL;
  if (namespace.contour.size !== before + NOVEL) throw new Error("expected every event to be new");
  return nanoseconds;
}

/** Alternates the sizes, and takes the median for each. */
function compared(measure) {
  const figures = SIZES.map(() => []);
  for (let round = -3; round < ROUNDS; round++) {
    for (const [at, size] of SIZES.entries()) {
      const nanoseconds = measure(size);
      if (round >= 0) figures[at].push(nanoseconds);
    }
  }
  return figures.map((all) => all.toSorted((a, b) => a - b)[all.length >> 1]);
}

const namespaces = new Map(SIZES.map((size) => [size, namespaceOf(size)]));
const hot = new Map(SIZES.map((size) => [size, hotKeys(size)]));
const learning = compared((size) => repeated(namespaces.get(size), hot.get(size)));
// The small contour starts anew each round, so that it stays small.
const inserted = compared((size) => novel(size === SIZES[0] ? namespaceOf(size) : namespaces.get(size)));
for (const { engine } of namespaces.values()) engine.enforce();
const enforcing = compared((size) => repeated(namespaces.get(size), hot.get(size)));

const table = { "repeated, learning": learning, "repeated, enforcing": enforcing, novel: inserted };
const result = Object.fromEntries(
  Object.entries(table).map(([name, [small, large]]) => [
    name,
    {
      "thousand/s at 100 points": Math.round(1e6 / small),
      "thousand/s at 1 000 000": Math.round(1e6 / large),
      ratio: Math.round((large / small) * 100) / 100,
    },
  ]),
);
if (process.argv.includes("--json")) console.log(JSON.stringify(result));
else console.table(result);
