/** Writes an accepted canister to disk: its root file system and bundle, and its contour where the runtime looks for it. */
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { refused } from "./refusal.ts";
import type { Tree } from "./tree.ts";

/** A new directory for one canister; a name is used once a boot. */
export function layBundle(directory: string, configuration: string, tree: Tree): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch {
    throw refused("a name that no canister of this boot has had", "one that was used", "choose another name");
  }
  try {
    const rootfs = join(directory, "rootfs");
    mkdirSync(rootfs);
    chmodSync(rootfs, 0o755);
    layTree(rootfs, tree);
    writeFileSync(join(directory, "config.json"), configuration, { flag: "wx", mode: 0o600 });
  } catch (fault) {
    rmSync(directory, { recursive: true, force: true });
    throw refused(
      "an image that can be laid out",
      (fault as NodeJS.ErrnoException).code ?? "a fault",
      "push a smaller one",
    );
  }
}

/** A new directory, and every directory in it was made here: so no link is followed. Files that share content share an inode. */
function layTree(rootfs: string, tree: Tree): void {
  const written = new Map<object, string>();
  for (const [path, node] of tree) {
    const at = join(rootfs, path);
    if (node.kind === "symlink") {
      symlinkSync(node.target, at);
      continue;
    }
    const same = written.get(node);
    if (node.kind === "directory") mkdirSync(at);
    else if (same === undefined) writeFileSync(at, node.content, { flag: "wx" });
    else linkSync(same, at);
    if (same !== undefined) continue;
    written.set(node, at);
    chmodSync(at, node.mode);
  }
}

/** A contour is never replaced while the machine runs: evidence names it by its digest, and a live canister rests on it. */
export function layContour(path: string, contour: Buffer, signature: Buffer): void {
  for (const [file, bytes] of [
    [path, contour],
    [`${path}.sig`, signature],
  ] as const) {
    try {
      writeFileSync(file, bytes, { flag: "wx", mode: 0o600 });
    } catch {
      if (!readFileSync(file).equals(bytes))
        throw refused("the contour that this image was pushed with before", "another", "start the machine anew");
    }
  }
}
