/** Writes an accepted canister to disk: its root file system and bundle, and its contour where the runtime looks for it. */
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { refused } from "./refusal.ts";
import type { Tree } from "./tree.ts";

/** Nothing that was pushed is removed before the machine ends. */
const NO_ROOM = "start the machine anew, with more memory";

/** A new directory for one canister; a name is used once a boot. */
export function layBundle(directory: string, configuration: string, tree: Tree): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (fault) {
    if (codeOf(fault) === "EEXIST")
      throw refused("a name that no canister of this boot has had", "one that was used", "choose another name");
    throw refused("room for a canister", codeOf(fault), NO_ROOM);
  }
  try {
    const rootfs = join(directory, "rootfs");
    mkdirSync(rootfs);
    chmodSync(rootfs, 0o755);
    layTree(rootfs, tree);
    writeFileSync(join(directory, "config.json"), configuration, { flag: "wx", mode: 0o600 });
  } catch (fault) {
    rmSync(directory, { recursive: true, force: true });
    throw refused("an image that can be laid out", codeOf(fault), "push a smaller one");
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

/**
 * A contour is never replaced while the machine runs: evidence names it by its digest, and a live canister rests on it. It is there whole
 * or not at all: it is written under another name, which is removed each time, so that its removal is on the contour of the host.
 */
export function layContour(path: string, contour: Buffer, signature: Buffer): void {
  layWhole(path, contour);
  layWhole(`${path}.sig`, signature);
}

function layWhole(file: string, bytes: Buffer): void {
  const partial = `${file}.part`;
  try {
    writeFileSync(partial, bytes, { flag: "wx", mode: 0o600 });
    linkSync(partial, file);
  } catch (fault) {
    if (codeOf(fault) !== "EEXIST") throw refused("room for a contour", codeOf(fault), NO_ROOM);
    if (!readFileSync(file).equals(bytes))
      throw refused("the contour that this image was pushed with before", "another", "start the machine anew");
  } finally {
    rmSync(partial, { force: true });
  }
}

function codeOf(fault: unknown): string {
  return (fault as NodeJS.ErrnoException).code ?? "a fault";
}
