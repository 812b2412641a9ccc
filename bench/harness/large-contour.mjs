/** A contour of any size, like that of a large application. */
import { closeSync, openSync, writeSync } from "node:fs";
import { Contour, writeContour } from "../../packages/core/dist/contour/index.js";
import { sha256, ZERO_DIGEST } from "../../packages/core/dist/digest.js";
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
  const fd = openSync(path, "w");
  for (const piece of writeContour(contour)) writeSync(fd, piece);
  closeSync(fd);
}
