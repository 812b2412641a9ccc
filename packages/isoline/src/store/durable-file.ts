/**
 * Writing a file so that either the old one or the new one is there, whatever happens meanwhile.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CliError } from "../error.ts";

/**
 * Writes text or bytes beside the target, syncs it, and renames it into place; on any failure the old file stays as it was. What is
 * no file (a pipe, `/dev/null`) is written into: to put a file in its place would be the end of it.
 */
export function writeDurably(path: string, chunks: Iterable<string | Uint8Array>): void {
  if (isSpecial(path)) return writeInto(path, chunks);
  const target = followed(path);
  const aside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}`);
  let fd: number | undefined;
  try {
    fd = openSync(aside, "wx", 0o644);
    for (const chunk of chunks) writeWhole(fd, bytesOf(chunk));
    keepRights(fd, target);
    fsyncSync(fd);
    closeSync(fd);
    fd = undefined;
    renameSync(aside, target);
    syncDirectory(dirname(target));
  } catch (fault) {
    if (fd !== undefined) closeSync(fd);
    discard(aside);
    throw new CliError(
      "cannot-write",
      `cannot write ${path}: ${reason(fault)}; what was there before is unchanged. Make room or choose another place, and run again`,
      { cause: fault },
    );
  }
}

/** Whether something is there that is neither a file nor a directory. */
export function isSpecial(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

/** Whoever may read the old file, and nobody else, may read the new one. */
function keepRights(fd: number, target: string): void {
  const old = statSync(target, { throwIfNoEntry: false });
  if (old === undefined) return;
  fchmodSync(fd, old.mode & 0o777);
  const { uid, gid } = fstatSync(fd);
  // Only root can give a file away; another user's new file is his, as with every editor that writes aside.
  if ((uid !== old.uid || gid !== old.gid) && process.geteuid?.() === 0) fchownSync(fd, old.uid, old.gid);
}

function writeInto(path: string, chunks: Iterable<string | Uint8Array>): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_WRONLY);
    for (const chunk of chunks) writeWhole(fd, bytesOf(chunk));
  } catch (fault) {
    throw new CliError("cannot-write", `cannot write ${path}: ${reason(fault)}. Choose another place, and run again`, {
      cause: fault,
    });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A symlink keeps pointing where it does: what it names is replaced, not the link. */
function followed(path: string): string {
  try {
    return lstatSync(path).isSymbolicLink() ? realpathSync(path) : path;
  } catch {
    return path;
  }
}

function bytesOf(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk;
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made, or the directory is gone: nothing is left to tidy.
  }
}

function reason(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
