/** The engine, from raw record to verdict, with 100 points and with 1 000 000: for a known event and for a new one. */
import { randomInt } from "node:crypto";
import { Contour } from "../packages/core/dist/contour/index.js";
import { sha256, ZERO_DIGEST } from "../packages/core/dist/digest.js";
import { Engine, KnownKeys, SUPERVISOR } from "../packages/core/dist/engine/index.js";
import { decodeEvent, encodeEvent } from "../packages/core/dist/event/index.js";
import { canonicalPolicy, DEFAULT_POLICY, deriveTask, Leveller } from "../packages/core/dist/identity/index.js";
import { iso1 } from "../packages/core/dist/profile/index.js";
import { comparison, goal } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { median } from "./harness/statistics.mjs";

const KEY = 96;
const HOT = 100;
const DRAWS = 4096;
const REPEATS = 400_000;
const NOVEL = 10_000;
const SMALL = 100;
const LARGE = 1_000_000;
const AT_SMALL = "at 100 points";
const AT_LARGE = "at 1 000 000 points";

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "raw record → verdict",
  method: `Repeated: a raw key of ${KEY} bytes is looked up and judged, ${HOT} different ones over and over. Novel: an encoded event is
decoded, levelled by the default lens, encoded, hashed with SHA-256, inserted and remembered; each round begins with a new small
contour. Memory: the growth of the heap and the buffers while ${LARGE.toLocaleString("en").replaceAll(",", " ")} points were inserted.`,

  async run(session) {
    const small = new Namespace(SMALL);
    const before = heldBytes();
    const large = new Namespace(LARGE);
    const held = (heldBytes() - before) / LARGE;
    const keys = { small: hotKeys(SMALL), large: hotKeys(LARGE) };
    const pair = (/** @type {() => number} */ one, /** @type {() => number} */ other) =>
      inTurn({ [AT_SMALL]: one, [AT_LARGE]: other }, { rounds: session.rounds(15, 3), warmups: session.quick ? 1 : 3 });

    const repeat = () =>
      pair(
        () => thousandRepeats(small, keys.small),
        () => thousandRepeats(large, keys.large),
      );
    const learning = await repeat();
    const novel = await pair(
      () => thousandNovel(new Namespace(SMALL)),
      () => thousandNovel(large),
    );
    for (const { engine } of [small, large]) engine.enforce();
    const enforcing = await repeat();
    return [
      table("repeated event, learning", learning, 3000),
      table("repeated event, enforcing", enforcing, 3000),
      table("novel event", novel, 150),
      comparison({
        what: "memory a point, of 1 000 000",
        unit: "bytes",
        figures: {
          "to look it up (raw key → verdict)": [large.known.bytes / large.known.size],
          "all of it, readable event included": [held],
        },
        goals: [goal("memory a point, for lookup", large.known.bytes / large.known.size, "at most", 300, "bytes")],
      }),
    ];
  },
};

/** @param {string} what @param {Record<string, number[]>} figures @param {number} reach thousand a second */
function table(what, figures, reach) {
  const small = figures[AT_SMALL] ?? [];
  const large = figures[AT_LARGE] ?? [];
  return comparison({
    what,
    unit: "thousand/s",
    figures,
    against: AT_SMALL,
    goals: [
      goal(`${what}, at 100 points`, median(small), "at least", reach, "thousand/s"),
      goal(`${what}, at 1 000 000 points`, median(large), "at least", reach, "thousand/s"),
      goal(`${what}, 1 000 000 points against 100`, median(small) / median(large), "at most", 1.3, "× the time"),
    ],
  });
}

const task = deriveTask(ZERO_DIGEST, [{ path: "/usr/bin/node", digest: sha256(Buffer.from("node")) }]);
const ids = { uid: 1000, euid: 1000, suid: 1000, fsuid: 1000, gid: 1000, egid: 1000, sgid: 1000, fsgid: 1000 };
const actor = { task: task.id, parent: task.parent, credentials: { ...ids, capabilities: 0n } };
const rawKey = Buffer.alloc(KEY);
const circumstances = { sequence: 1, process: 1, pid: 1, chain: ["node"], task };
const here = { pid: 1, tid: 1, program: "node" };
const launch = {
  cwd: "/srv/project",
  home: "/home/builder",
  temp: ["/tmp"],
  uid: 1000,
  gid: 1000,
  ephemeralPorts: /** @type {const} */ ([32_768, 60_999]),
};
const itself = () => /** @type {const} */ ("self");
const outside = {
  relationOf: itself,
  ownerIn: itself,
  isOwnPort: () => false,
  isOwnPeer: () => false,
  ownerOfName: () => /** @type {const} */ ("others"),
};

/** The keys that a sensor remembers and the engine behind it, after `size` different events. */
class Namespace {
  contour = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
  engine = new Engine({ contour: this.contour, mode: "learn", reaction: "log" });
  known = new KnownKeys([randomInt(2 ** 31), randomInt(2 ** 31)], { maxBytes: 2 ** 30 });
  leveller = new Leveller(DEFAULT_POLICY, launch, outside);
  seen = 0;

  /** @param {number} size */
  constructor(size) {
    this.engine.trust.born(1, SUPERVISOR);
    while (this.seen < size) this.meet(encodeEvent(eventAt(this.seen)));
  }

  /** @param {Buffer} record */
  meet(record) {
    const event = this.leveller.level(decodeEvent(record), here);
    const { known } = this.engine.judge(event, circumstances);
    rawKeyAt(this.seen, rawKey, 0);
    this.known.remember(rawKey, 0, KEY, known);
    this.seen += 1;
  }
}

/** @param {number} index @returns {import("../packages/core/dist/event/index.js").Event} */
function eventAt(index) {
  const path = `/srv/project/node_modules/package-${index % 997}/lib/file-${index}.js`;
  return { op: "open", actor, subject: { access: "read", path, mode: 0o100644, uid: 1000, gid: 1000, fs: "disk" } };
}

/**
 * The bytes that a sensor looks up before it resolves anything: owner, device, path and so on, all equal but a few.
 *
 * @param {number} index @param {Buffer} into @param {number} at
 */
function rawKeyAt(index, into, at) {
  into.fill(0x5a, at, at + KEY);
  into.writeUInt32LE(index, at + 40);
  into.writeUInt32LE(Math.imul(index, 0x9e3779b1) >>> 0, at + 72);
}

/** Raw keys one after the other in one buffer, as a sensor stores them. @param {number} size */
function hotKeys(size) {
  const indexes = Array.from({ length: HOT }, () => randomInt(size));
  const keys = Buffer.alloc(DRAWS * KEY);
  for (let draw = 0; draw < DRAWS; draw++) rawKeyAt(indexes[randomInt(HOT)] ?? 0, keys, draw * KEY);
  return keys;
}

/** @param {Namespace} namespace @param {Buffer} keys */
function thousandRepeats({ engine, known }, keys) {
  let on = 0;
  const start = process.hrtime.bigint();
  for (let done = 0; done < REPEATS; done++) {
    const at = (done % DRAWS) * KEY;
    if (engine.repeat(known.lookup(keys, at, at + KEY), 1, done).verdict === "on") on += 1;
  }
  const nanoseconds = Number(process.hrtime.bigint() - start);
  if (on !== REPEATS) throw new Error(`expected every event on contour, got ${REPEATS - on} off contour`);
  return (REPEATS * 1e6) / nanoseconds;
}

/** @param {Namespace} namespace */
function thousandNovel(namespace) {
  const records = Array.from({ length: NOVEL }, (_, at) => Buffer.from(encodeEvent(eventAt(namespace.seen + at))));
  const before = namespace.contour.size;
  const start = process.hrtime.bigint();
  for (const record of records) namespace.meet(record);
  const nanoseconds = Number(process.hrtime.bigint() - start);
  if (namespace.contour.size !== before + NOVEL) throw new Error("expected every event to be new");
  return (NOVEL * 1e6) / nanoseconds;
}

/** The size of the heap and the buffers after garbage collection. */
function heldBytes() {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
