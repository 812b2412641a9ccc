/**
 * Calls that give, take and move names: unlink, rmdir, rename, link, truncate.
 *
 * None of these is remembered by a raw key: each changes what later paths mean, and the lens has to hear of every one.
 */
import { opendirSync } from "node:fs";
import { EEXIST, ENOENT, ENOTDIR, EPERM } from "../../../abi/errno.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, S_IFDIR } from "../../../abi/stat.ts";
import { type Context, type Decoder } from "../context.ts";
import type { Act, Verdict } from "../../mediation.ts";
import { Found } from "../../files/found.ts";
import { EXECUTE, WRITE } from "../../words/access.ts";
import type { Thread } from "../tasks/process.ts";
import { at, type Named, plain, unread } from "./making.ts";
import { findPlace } from "./place.ts";

const UNKNOWN = { mode: 0, uid: 0, gid: 0, fs: "?" };
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
const CAP_FOWNER = 1n << 3n;
const S_ISVTX = 0o1000;

export const unlink: Decoder = (context, thread) => remove(context, thread, plain(0), "unlink");
export const rmdir: Decoder = (context, thread) => remove(context, thread, plain(0), "rmdir");
export const unlinkat: Decoder = (context, thread) =>
  remove(context, thread, at(context.call.int(0), 1), (context.call.u32(2) & AT_REMOVEDIR) !== 0 ? "rmdir" : "unlink");

function remove(context: Context, thread: Thread, named: Named, op: "unlink" | "rmdir"): Verdict {
  return withObject(
    context,
    thread,
    named,
    false,
    (path) => ({ op, subject: { path, ...UNKNOWN } }),
    (found) => {
      if (endsInDots(context.memory.bytes)) return context.attempt();
      if (op === "rmdir" && (!found.stat.isDirectory || holdsSomething(context, found))) return context.attempt();
      if (op === "unlink" && found.stat.isDirectory) return context.attempt();
      if (mayNotTakeFrom(context, thread, found)) return context.attempt();
      return context.decide(thread, { op, subject: context.files.describe(found) });
    },
  );
}

/**
 * Whether a directory has entries, so that it cannot be removed; one that cannot be read is taken to be empty. A control group's
 * are the kernel's own, and go with it.
 */
function holdsSomething(context: Context, directory: Found): boolean {
  if (context.files.classOf(directory) === "cgroup") return false;
  try {
    const entries = opendirSync(`/proc/self/fd/${directory.fd}`);
    try {
      return entries.readSync() !== null;
    } finally {
      entries.closeSync();
    }
  } catch {
    return false;
  }
}

export const rename: Decoder = (context, thread) => move(context, thread, plain(0), plain(1), 0);
export const renameat: Decoder = (context, thread) =>
  move(context, thread, at(context.call.int(0), 1), at(context.call.int(2), 3), 0);
export const renameat2: Decoder = (context, thread) =>
  move(context, thread, at(context.call.int(0), 1), at(context.call.int(2), 3), context.call.u32(4));

function move(context: Context, thread: Thread, from: Named, to: Named, flags: number): Verdict {
  const act = (path: string): Act => ({ op: "rename", subject: { path, ...UNKNOWN, to: path, replaces: "?" } });
  return withObject(context, thread, from, false, act, (found) => {
    if (endsInDots(context.memory.bytes) || mayNotTakeFrom(context, thread, found)) return context.attempt();
    const described = context.files.describe(found);
    const target = newOrExisting(context, thread, to, found.stat.isDirectory);
    if ("error" in target)
      return context.unresolved(thread, target.error, (path) => ({
        op: "rename",
        subject: { ...described, to: path, replaces: "?" },
      }));
    const exists = target.kind !== undefined;
    if (target.mount !== found.stat.mountId) return context.attempt();
    if (exists && (flags & RENAME_NOREPLACE) !== 0) return context.refuses(EEXIST);
    if ((flags & RENAME_EXCHANGE) !== 0 && !exists) return context.refuses(ENOENT);
    if (target.refusal !== 0) return context.attempt();
    if (exists && (flags & RENAME_EXCHANGE) === 0 && found.stat.isDirectory !== (target.kind === S_IFDIR))
      return context.attempt();
    const replaces = (flags & RENAME_EXCHANGE) !== 0 ? "exchange" : exists ? "yes" : "no";
    return context.decide(thread, { op: "rename", subject: { ...described, to: target.path, replaces } });
  });
}

export const link: Decoder = (context, thread) => hardLink(context, thread, plain(0), plain(1), 0);
export const linkat: Decoder = (context, thread) =>
  hardLink(context, thread, at(context.call.int(0), 1), at(context.call.int(2), 3), context.call.u32(4));

function hardLink(context: Context, thread: Thread, from: Named, to: Named, flags: number): Verdict {
  const act = (path: string): Act => ({ op: "link", subject: { path, ...UNKNOWN, to: path } });
  const finish = (found: Found): Verdict => {
    if (found.stat.isDirectory) return context.attempt();
    const described = context.files.describe(found);
    const target = newOrExisting(context, thread, to);
    if ("error" in target)
      return context.unresolved(thread, target.error, (path) => ({ op: "link", subject: { ...described, to: path } }));
    if (target.kind !== undefined) return context.refuses(EEXIST);
    if (target.refusal !== 0 || target.mount !== found.stat.mountId) return context.attempt();
    return context.decide(thread, { op: "link", subject: { ...described, to: target.path } });
  };
  if ((flags & AT_EMPTY_PATH) !== 0 && isEmptyPath(context, thread, from)) {
    return withDescriptor(context, thread, from.directory, act, finish);
  }
  return withObject(context, thread, from, (flags & AT_SYMLINK_FOLLOW) !== 0, act, finish);
}

export const truncate: Decoder = (context, thread) =>
  withObject(
    context,
    thread,
    plain(0),
    true,
    (path) => ({ op: "truncate", subject: { path, ...UNKNOWN } }),
    (found) => {
      if (!found.stat.isRegular || context.permissions.refusal(found, WRITE, thread) !== 0) return context.attempt();
      return context.decide(thread, { op: "truncate", subject: context.files.describe(found) });
    },
  );

/** Finds an existing object by path and hands it over; everything that keeps it from being found is settled here. */
export function withObject(
  context: Context,
  thread: Thread,
  named: Named,
  follow: boolean,
  unresolved: (path: string) => Act,
  use: (found: Found) => Verdict,
): Verdict {
  const length = context.readPath(thread, named.argument);
  if (length === 0) return context.attempt();
  if (length < 0) return unread(context, thread, length, unresolved);
  const { found } = context;
  try {
    const result = context.finder.find(found, thread, named.directory, context.memory.bytes, length, follow);
    return result < 0 ? context.unresolved(thread, result, unresolved) : use(found);
  } finally {
    found.close();
  }
}

/** The same for an object that the task holds a descriptor of. */
export function withDescriptor(
  context: Context,
  thread: Thread,
  fd: number,
  unresolved: (path: string) => Act,
  use: (found: Found) => Verdict,
): Verdict {
  const { found } = context;
  try {
    const result =
      fd === AT_FDCWD
        ? context.finder.findWorkingDirectory(found, thread)
        : context.finder.findDescriptor(found, thread, fd);
    return result < 0 ? context.unresolved(thread, result, unresolved) : use(found);
  } finally {
    found.close();
  }
}

/** Whether a path argument is the empty string (or absent), so that the call is about the descriptor itself. */
export function isEmptyPath(context: Context, thread: Thread, named: Named): boolean {
  return context.call.isNull(named.argument) || context.readPath(thread, named.argument) === 0;
}

type Target =
  | { readonly path: string; readonly mount: number; readonly kind: number | undefined; readonly refusal: number }
  | { readonly error: number };

/**
 * A name that may or may not be there yet; `kind` is the file type of what is there. Names are moved and linked within one
 * mount only: another gives EXDEV before anything is looked at. Only a directory may be made under a name with a slash.
 */
function newOrExisting(context: Context, thread: Thread, named: Named, isDirectory = false): Target {
  const length = context.readPath(thread, named.argument, context.memory2);
  if (length <= 0) return { error: length === 0 ? -ENOENT : length };
  const { found2 } = context;
  try {
    const result = context.finder.find(found2, thread, named.directory, context.memory2.bytes, length, false);
    if (result >= 0) {
      const refusal = mayNotTakeFrom(context, thread, found2) ? EPERM : 0;
      return { path: context.files.describe(found2).path, mount: found2.stat.mountId, kind: found2.stat.kind, refusal };
    }
    if (result !== -ENOENT) return { error: result };
  } finally {
    found2.close();
  }
  // ENOENT for what is made, ENOTDIR for what is moved: told apart by the kernel.
  if (!isDirectory && context.memory2.bytes[length - 1] === 0x2f) return { error: -ENOTDIR };
  const place = findPlace(context, thread, named.directory, context.memory2.bytes, length, false);
  return "error" in place ? place : { ...place, kind: undefined };
}

/** Whether a path (NUL-terminated) ends in no name of its own but `.`, `..` or the root, which is never moved or removed. */
function endsInDots(bytes: Buffer): boolean {
  const path = bytes.toString("latin1", 0, bytes.indexOf(0)).replace(/\/+$/, "");
  return ["", ".", ".."].includes(path.slice(path.lastIndexOf("/") + 1));
}

/** Whether the thread lacks the right to remove a name from its directory (fs/namei.c, may_delete), the sticky bit included. */
function mayNotTakeFrom(context: Context, thread: Thread, found: Found): boolean {
  // Its path leads elsewhere, so the directory cannot be found by it.
  if (found.standing !== "here") return false;
  const parent = new Found();
  const path = Buffer.concat([found.path, Buffer.from("/..\0")]);
  const up = found.stat.isDirectory
    ? path
    : Buffer.from(`${found.path.toString("latin1").replace(/\/[^/]*$/, "") || "/"}\0`, "latin1");
  try {
    if (context.finder.find(parent, thread, AT_FDCWD, up, up.length - 1, true) < 0) return false;
    if (context.permissions.refusal(parent, WRITE | EXECUTE, thread) !== 0) return true;
    if ((parent.stat.mode & S_ISVTX) === 0 || (thread.credentials.capabilities & CAP_FOWNER) !== 0n) return false;
    const { fsuid } = thread.credentials;
    return parent.stat.uid !== fsuid && found.stat.uid !== fsuid;
  } finally {
    parent.close();
  }
}
