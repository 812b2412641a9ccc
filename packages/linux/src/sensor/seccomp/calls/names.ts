/**
 * Calls that remove and move names: unlink, rmdir, rename.
 *
 * Their verdicts are not stored by raw key: each call changes the meaning of later paths, and the lens has to get every one.
 */
import { EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV } from "../../../abi/errno.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { AT_REMOVEDIR } from "../../../abi/stat.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import type { Context, Decoder } from "../context.ts";
import type { Act, Verdict } from "../../mediation.ts";
import type { Found } from "../../files/found.ts";
import { isKnownToHold } from "../../files/emptiness.ts";
import type { Thread } from "../tasks/process.ts";
import { at, type Named, plain } from "./objects.ts";
import { type Spot, withSpot } from "./spot.ts";

const UNKNOWN = { mode: 0, uid: 0, gid: 0, fs: "?" };
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
const RENAME_WHITEOUT = 4;
const CAP_FOWNER = 1n << 3n;
const S_ISVTX = 0o1000;
const DOT = 0x2e;

export const unlink: Decoder = (context, thread) => remove(context, thread, plain(0), 0);
export const rmdir: Decoder = (context, thread) => remove(context, thread, plain(0), AT_REMOVEDIR);
export const unlinkat: Decoder = (context, thread) =>
  remove(context, thread, at(context.call.int(0), 1), context.call.u32(2));

function remove(context: Context, thread: Thread, named: Named, flags: number): Verdict {
  const isDirectory = (flags & AT_REMOVEDIR) !== 0;
  if ((flags & ~AT_REMOVEDIR) !== 0) return context.refuses(EINVAL);
  const op = isDirectory ? "rmdir" : "unlink";
  const act = (path: string): Act => ({ op, subject: { path, ...UNKNOWN } });
  return withSpot(context, thread, named, context.memory, act, (spot) => {
    if (!spot.isName) return context.refuses(isDirectory ? refusalOfNoName(spot) : EISDIR);
    return withEntry(context, thread, spot, context.found, act, (entry) => {
      const refusal = () =>
        isDirectory ? refusalOfRmdir(context, thread, spot, entry) : refusalOfUnlink(context, thread, spot, entry);
      if (isMountPoint(spot, entry)) return context.refuses(refusal());
      const call = () => rawCall(syscallNumbers.unlinkat, [spot.directory.fd, spot.name, flags]);
      return context.carryOut(thread, {
        act: { op, subject: spot.describe(context, entry) },
        refusal,
        call: spot.isReached ? call : undefined,
      });
    });
  });
}

/** A path that does not end in a name cannot be removed (fs/namei.c, do_rmdir). */
function refusalOfNoName({ name }: Spot): number {
  if (name[0] !== DOT) return EBUSY;
  return name[1] === DOT ? ENOTEMPTY : EINVAL;
}

function refusalOfUnlink(context: Context, thread: Thread, spot: Spot, entry: Found): number {
  if (spot.hasSlash) return entry.stat.isDirectory ? EISDIR : ENOTDIR;
  const refusal = refusalOfTaking(context, thread, spot, entry) || (entry.stat.isDirectory ? EISDIR : 0);
  return refusal || (isMountPoint(spot, entry) ? EBUSY : 0);
}

function refusalOfRmdir(context: Context, thread: Thread, spot: Spot, entry: Found): number {
  const refusal = refusalOfTaking(context, thread, spot, entry) || (entry.stat.isDirectory ? 0 : ENOTDIR);
  return refusal || (isMountPoint(spot, entry) ? EBUSY : isKnownToHold(entry) ? ENOTEMPTY : 0);
}

/**
 * Whether something is mounted on the name where the task is. The kernel then neither removes nor moves it (fs/namei.c, vfs_rmdir,
 * vfs_unlink, vfs_rename); but it asks for the mount namespace of the caller, and the supervisor's may be another.
 */
function isMountPoint({ directory }: Spot, entry: Found): boolean {
  return entry.stat.mountId !== directory.stat.mountId;
}

/**
 * The errno for two names and their files, if the second exists; the kernel checks this before any rights (fs/namei.c,
 * do_renameat2).
 */
function refusalOfKinds({ source, entry, target, flags }: Move, there: Found | undefined): number {
  const { isDirectory } = entry.stat;
  if ((flags & RENAME_EXCHANGE) !== 0) {
    if (there === undefined) return ENOENT;
    return (source.hasSlash && !isDirectory) || (target.hasSlash && !there.stat.isDirectory) ? ENOTDIR : 0;
  }
  if (there !== undefined && (flags & RENAME_NOREPLACE) !== 0) return EEXIST;
  if (!isDirectory && (source.hasSlash || target.hasSlash)) return ENOTDIR;
  if (there === undefined || there.stat.isDirectory === isDirectory) return 0;
  return isDirectory ? ENOTDIR : EISDIR;
}

/** The errno that keeps the thread from removing a name from its directory (fs/namei.c, may_delete), the sticky bit included. */
function refusalOfTaking(context: Context, thread: Thread, spot: Spot, entry: Found): number {
  const refusal = spot.refusal(context, thread);
  if (refusal !== 0) return refusal;
  const { stat } = spot.directory;
  const { fsuid, capabilities } = thread.credentials;
  const isGuarded = (stat.mode & S_ISVTX) !== 0 && (capabilities & CAP_FOWNER) === 0n;
  return isGuarded && stat.uid !== fsuid && entry.stat.uid !== fsuid ? EPERM : 0;
}

function withEntry(
  context: Context,
  thread: Thread,
  spot: Spot,
  entry: Found,
  unresolved: (path: string) => Act,
  use: (entry: Found) => Verdict,
): Verdict {
  try {
    const error = spot.findEntry(context, thread, entry);
    return error < 0 ? context.notFound(thread, error, spot.isReached, unresolved) : use(entry);
  } finally {
    entry.close();
  }
}

export const rename: Decoder = (context, thread) => move(context, thread, plain(0), plain(1), 0);
export const renameat: Decoder = (context, thread) =>
  move(context, thread, at(context.call.int(0), 1), at(context.call.int(2), 3), 0);
export const renameat2: Decoder = (context, thread) =>
  move(context, thread, at(context.call.int(0), 1), at(context.call.int(2), 3), context.call.u32(4));

function move(context: Context, thread: Thread, from: Named, to: Named, flags: number): Verdict {
  const isNew = RENAME_NOREPLACE | RENAME_WHITEOUT;
  const isMeaningless = (flags & RENAME_EXCHANGE) !== 0 && (flags & isNew) !== 0;
  if ((flags & ~(isNew | RENAME_EXCHANGE)) !== 0 || isMeaningless) return context.refuses(EINVAL);
  const act = unresolvedMove;
  return withSpot(context, thread, from, context.memory, act, (source) =>
    withSpot(context, thread, to, context.memory2, act, (target) => {
      if (source.directory.stat.mountId !== target.directory.stat.mountId) return context.refuses(EXDEV);
      if (!source.isName) return context.refuses(EBUSY);
      if (!target.isName) return context.refuses((flags & RENAME_NOREPLACE) !== 0 ? EEXIST : EBUSY);
      return withEntry(context, thread, source, context.found, act, (entry) =>
        moveEntry(context, thread, { source, entry, target, flags }),
      );
    }),
  );
}

const unresolvedMove = (path: string): Act => ({
  op: "rename",
  subject: { path, ...UNKNOWN, to: path, replaces: "?" },
});

interface Move {
  readonly source: Spot;
  readonly entry: Found;
  readonly target: Spot;
  readonly flags: number;
}

function moveEntry(context: Context, thread: Thread, moving: Move): Verdict {
  const { source, entry, target, flags } = moving;
  const { found2: there } = context;
  try {
    const isExchange = (flags & RENAME_EXCHANGE) !== 0;
    const missing = target.findEntry(context, thread, there);
    if (missing < 0 && missing !== -ENOENT) return context.notFound(thread, missing, target.isReached, unresolvedMove);
    const exists = missing >= 0;
    const isBusy = isMountPoint(source, entry) || (exists && isMountPoint(target, there));
    const refusal = () =>
      refusalOfKinds(moving, exists ? there : undefined) ||
      (entry.stat.isDirectory && target.path.startsWith(`${source.path}/`) ? EINVAL : 0) ||
      refusalOfTaking(context, thread, source, entry) ||
      (exists ? refusalOfTaking(context, thread, target, there) : target.refusal(context, thread)) ||
      (isBusy ? EBUSY : exists && !isExchange && isKnownToHold(there) ? ENOTEMPTY : 0);
    if (isBusy) return context.refuses(refusal());
    const replaces = isExchange ? "exchange" : exists ? "yes" : "no";
    const call = () =>
      rawCall(syscallNumbers.renameat2, [source.directory.fd, source.name, target.directory.fd, target.name, flags]);
    return context.carryOut(thread, {
      act: { op: "rename", subject: { ...source.describe(context, entry), to: target.path, replaces } },
      refusal,
      call: source.isReached && target.isReached ? call : undefined,
    });
  } finally {
    there.close();
  }
}
