/**
 * A thread that decides as a supervising one does, with what one workload can make it keep. It tells what it counted, in the end.
 *
 *   workerData: { keeps: one of those below, times }
 */
import { parentPort, workerData } from "node:worker_threads";

const core = new URL("../../packages/core/dist/", import.meta.url).href;
const { Contour } = await import(`${core}contour/index.js`);
const { Engine } = await import(`${core}engine/index.js`);
const { escapeBytes, phrase } = await import(`${core}event/index.js`);
const { iso1 } = await import(`${core}profile/index.js`);

const ZEROS = "0".repeat(64);
const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
const actor = { task: ZEROS, parent: ZEROS, credentials: { ...ids, capabilities: 0n } };
const escaped = escapeBytes(Buffer.alloc(4080, 1));
/** As long as a path of the kernel may be, of bytes that take four letters each, with bytes of its own. @param {number} number */
const longText = (number) => Buffer.from(`${number}-${escaped}`).toString();

const engine = new Engine({
  contour: Contour.create({ profile: iso1, policy: "{}" }),
  mode: "enforce",
  reaction: "deny",
  limits: { maxDepartures: 1000, maxBytes: 2 ** 20 },
});
engine.trust.born(1, 0);

/** @type {Readonly<Record<string, (number: number) => void>>} */
const kept = {
  /** A child that makes one refused act, and ends. */
  departed(number) {
    const process = number + 2;
    engine.trust.born(process, 1);
    const event = { op: "symlink", actor, subject: { path: "/x", content: longText(number) } };
    engine.judge(event, { sequence: number + 1, process, pid: process, chain: ["sh"] });
    engine.trust.died(process);
  },
  /** The same acts, whose reasons are told as those of losses. */
  lost(number) {
    engine.loss(
      `a file could not be inspected (${phrase({ op: "chroot", actor, subject: { path: longText(number) } })})`,
    );
  },
};

for (let number = 0; number < workerData.times; number++) kept[workerData.keeps]?.(number);
const { tally, trust, losses, forensics } = engine;
parentPort?.postMessage({
  refused: tally.refused,
  untrusted: trust.everUntrusted,
  isAnyTrusted: Array.from({ length: workerData.times }, (_, number) => number + 2).some((process) =>
    trust.isTrusted(process),
  ),
  childOfFirst: (trust.born(1_000_000, 2), trust.trustOf(1_000_000)),
  departures: forensics.departures.length + forensics.overflow,
  lost: [...losses.values()].reduce((sum, count) => sum + count, 0),
});
