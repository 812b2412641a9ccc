/**
 * `umount2(target, flags)`.
 */
import { readProcFile } from "../../../process/proc-file.ts";
import { AT_FDCWD } from "../../../abi/stat.ts";
import type { Context, Decoder } from "../context.ts";
import type { Thread } from "../tasks/process.ts";
import { findPlace } from "./place.ts";
import { decideReadable, pathArgument } from "./privileges.ts";

/** linux/fs.h */
const MNT_EXPIRE = 4;

export const umount: Decoder = (context, thread) => {
  const flags = context.call.u32(1);
  context.origins.mountsChange();
  context.mountContexts.release(context.tasks.processes);
  const unused = (flags & MNT_EXPIRE) !== 0 ? mountPoint(context, thread) : undefined;
  const path = unused ?? pathArgument(context, thread, 0);
  return decideReadable(context, thread, { op: "umount", subject: { path, flags } }, path);
};

/**
 * The target by its name in its directory, if it is a mount point. Resolving a path uses the mount: it clears the mark by which
 * the kernel knows that a mount was not used since the last call (fs/namespace.c, `mntput`), and MNT_EXPIRE would never
 * succeed.
 */
function mountPoint(context: Context, thread: Thread): string | undefined {
  const length = context.readPath(thread, 0);
  if (length <= 0) return undefined;
  const place = findPlace(context, thread, AT_FDCWD, context.memory.bytes, length, false);
  if (!("path" in place)) return undefined;
  const mounts = readProcFile(`/proc/${thread.tid}/mountinfo`)?.split("\n") ?? [];
  return mounts.some((line) => unescaped(line.split(" ")[4] ?? "") === place.path) ? place.path : undefined;
}

/** mountinfo writes space, tab, newline and backslash in octal (fs/proc_namespace.c, `mangle`). */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
