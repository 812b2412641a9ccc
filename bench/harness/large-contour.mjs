/** A contour of any size, like that of a large application. */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { Contour, writeContour } from "../../packages/core/dist/contour/index.js";
import { sha256, ZERO_DIGEST } from "../../packages/core/dist/digest.js";
import { encodeEvidence, Evidence } from "../../packages/core/dist/evidence/index.js";
import { canonicalPolicy, DEFAULT_POLICY, deriveTask } from "../../packages/core/dist/identity/index.js";
import { iso1 } from "../../packages/core/dist/profile/index.js";

/** Writes a contour with `points` files that are read below the working directory. @param {string} path @param {number} points */
export function writeLargeContour(path, points) {
  const contour = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
  const task = deriveTask(ZERO_DIGEST, [{ path: "/usr/bin/node", digest: sha256(Buffer.from("node")) }]);
  contour.defineTask(task);
  const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
  const actor = { task: task.id, parent: task.parent, credentials: { ...ids, capabilities: 0n } };
  for (let file = 0; file < points; file++) {
    const place = `$CWD/node_modules/package-${file % 997}/lib/file-${file}.js`;
    contour.add({
      op: "open",
      actor,
      subject: { access: "read", path: place, mode: 0o100644, uid: 0, gid: 0, fs: "disk" },
    });
  }
  write(path, contour);
  return contour;
}

/**
 * The same, and beside it the evidence of runs of which each saw half of the points, and some that no other run saw.
 *
 * @param {string} path @param {number} points @param {number} runs
 */
export function writeLargeEvidence(path, points, runs) {
  const contour = writeLargeContour(path, points);
  const evidence = new Evidence();
  for (let run = 0; run < runs; run++) evidence.record(recordOf(run), seenIn(contour, run, runs));
  writeFileSync(`${path}.evidence`, encodeEvidence(evidence));
}

/** @param {number} run */
function recordOf(run) {
  const id = run.toString(16).padStart(16, "0");
  const about = { when: "2026-01-01T00:00:00Z", command: "node", lens: ZERO_DIGEST, sensor: "seccomp", versions: {} };
  return /** @type {const} */ ({ id, ...about, start: "unknown", incomplete: {} });
}

/** @param {Contour} contour @param {number} run @param {number} runs */
function* seenIn(contour, run, runs) {
  for (let index = 0; index < contour.size; index++) {
    const own = index % 4 === 0 ? index % runs === run : (index + run) % 2 === 0;
    if (own) yield { point: contour.point(index), occurrences: 1 };
  }
}

/** @param {string} path @param {Contour} contour */
function write(path, contour) {
  const fd = openSync(path, "w");
  for (const piece of writeContour(contour)) writeSync(fd, piece);
  closeSync(fd);
}
