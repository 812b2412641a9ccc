/**
 * open in all its forms: what is there is opened, what is not is created.
 */
import type { Subject } from "@isoline/core";
import { EEXIST, EFAULT, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR } from "../../../abi/errno.ts";
import {
  AT_FDCWD,
  O_ACCMODE,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
  S_IFSOCK,
} from "../../../abi/stat.ts";
import { digestField, NO_CONTENT, remarksOn } from "../../files/content.ts";
import { accessMask, accessOf, accessOfNew, EXECUTE, READ, WRITE } from "../../words/access.ts";
import type { Context, Decoder } from "../context.ts";
import { reasonFor } from "../context.ts";
import { pathText } from "../../files/knowledge.ts";
import type { Act, Refusal, Verdict } from "../../mediation.ts";
import type { Thread } from "../tasks/process.ts";
import { findPlace } from "./place.ts";

const ENXIO = 6;

interface Request {
  readonly directory: number;
  readonly path: number;
  readonly flags: number;
  readonly mode: number;
  readonly resolve: number;
}

/** With O_PATH the older calls take no notice of any other flag but these (fs/open.c, build_open_how). */
const PATH_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW;
const effective = (flags: number): number => ((flags & O_PATH) === 0 ? flags : flags & PATH_FLAGS);

export const open: Decoder = (context, thread) =>
  openPath(context, thread, {
    directory: AT_FDCWD,
    path: 0,
    flags: effective(context.call.u32(1)),
    mode: context.call.u32(2),
    resolve: 0,
  });

export const creat: Decoder = (context, thread) =>
  openPath(context, thread, {
    directory: AT_FDCWD,
    path: 0,
    flags: O_CREAT | O_WRONLY | O_TRUNC,
    mode: context.call.u32(1),
    resolve: 0,
  });

export const openat: Decoder = (context, thread) =>
  openPath(context, thread, {
    directory: context.call.int(0),
    path: 1,
    flags: effective(context.call.u32(2)),
    mode: context.call.u32(3),
    resolve: 0,
  });

/** All RESOLVE_ flags there are (linux/openat2.h). */
const RESOLVE_KNOWN = 0x3f;

/** `openat2`: flags, mode and RESOLVE flags are in memory. */
export const openat2: Decoder = (context, thread) => {
  // The first version of `struct open_how`; the kernel takes no less.
  if (context.call.pointer(3) < 24n) return context.attempt();
  const result = context.memory.exactly(thread.tid, context.call.pointer(2), 24);
  if (result === -EFAULT) return context.refuses(EFAULT);
  if (result < 0) return context.unresolved(thread, result, (path) => unresolvedOpen(path));
  const flags = context.memory.bytes.readUInt32LE(0);
  const mode = context.memory.bytes.readUInt32LE(8);
  const resolve = context.memory.bytes.readUInt32LE(16);
  // Refused by every kernel that does not know them; what one that does would make of the path cannot be said.
  if (resolve > RESOLVE_KNOWN) return context.decide(thread, unresolvedOpen("?resolve-flags"));
  return openPath(context, thread, { directory: context.call.int(0), path: 1, flags, mode, resolve });
};

/** `open_by_handle_at`: a handle is no path, and only the kernel can read it. */
export const openByHandle: Decoder = (context, thread) => {
  const act: Act = {
    op: "open",
    subject: { access: accessOf(context.call.u32(2)), path: "?by-handle", mode: 0, uid: 0, gid: 0, fs: "?" },
  };
  return context.uninspected(thread, act) || context.decide(thread, act);
};

function unresolvedOpen(path: string): Act {
  return { op: "open", subject: { access: "?", path, mode: 0, uid: 0, gid: 0, fs: "?" } };
}

function openPath(context: Context, thread: Thread, request: Request): Verdict {
  const { flags } = request;
  const { memory, found, finder } = context;
  const length = context.readPath(thread, request.path);
  const access = accessOf(flags);
  if (length === 0) return context.attempt();
  if (length < 0) return unread(context, thread, length, access);
  if ((flags & O_TMPFILE_BIT) !== 0 && (flags & O_DIRECTORY) !== 0)
    return createUnnamed(context, thread, request, length);

  const follow = (flags & O_NOFOLLOW) === 0 && (flags & (O_CREAT | O_EXCL)) !== (O_CREAT | O_EXCL);
  const result = finder.find(found, thread, request.directory, memory.bytes, length, follow, request.resolve);
  try {
    // EISDIR, whatever is there.
    if (result >= 0 && (flags & O_CREAT) !== 0 && memory.bytes[length - 1] === 0x2f) return context.attempt();
    if (result >= 0) return openExisting(context, thread, flags, access);
    if (result === -ENOENT && (flags & O_CREAT) !== 0) return create(context, thread, request, length, access);
    return context.unresolved(thread, result, (path) => ({
      op: "open",
      subject: { access, path, mode: 0, uid: 0, gid: 0, fs: "?" },
    }));
  } finally {
    found.close();
  }
}

function openExisting(context: Context, thread: Thread, flags: number, access: string): Verdict {
  const { found, files, mediator } = context;
  const { stat } = found;
  // Told also where the kernel would refuse it by itself: whoever looks into its supervisor means something by it.
  if (context.finder.ledToSupervisor)
    return context.decide(thread, { op: "open", subject: { access, ...files.describe(found) } });
  if ((flags & O_ACCMODE) === O_RDWR) files.noteOpened(stat);
  const contentCounts =
    mediator.content === "read" && stat.isRegular && (flags & O_PATH) === 0 && (flags & O_ACCMODE) !== O_WRONLY;
  const key = context
    .keyFor("open", thread)
    .u32(flags & KEY_FLAGS)
    .object(found);
  if (contentCounts) context.versioned(key, found);
  const describe = () => {
    const refused = refusalOfOpen(context, thread, flags);
    if (refused) return refused;
    const content = contentCounts ? files.contentOf(found, undefined, "read") : NO_CONTENT;
    return {
      op: "open" as const,
      subject: { access, ...files.describe(found), ...digestField(content) },
      ...remarksOn(content),
    };
  };
  return context.exchange(thread, key, describe, () =>
    (flags & O_PATH) === 0 ? context.inspect(thread, found, "open", accessMask(flags)) : 0,
  );
}

/** Flags that change what an open means; the rest (close-on-exec, non-blocking, synchronous …) does not. */
const KEY_FLAGS = O_ACCMODE | O_APPEND | O_TRUNC | O_PATH | O_CREAT | O_EXCL | O_DIRECTORY | O_NOFOLLOW;

/** What the kernel will say no to by itself (fs/namei.c, do_open and may_open). */
function refusalOfOpen(context: Context, thread: Thread, flags: number): Refusal | undefined {
  const { found } = context;
  const { stat } = found;
  const writes = (flags & O_ACCMODE) !== 0 || (flags & O_TRUNC) !== 0;
  const no = (refusedWith: number): Refusal => ({ refusedWith });
  if ((flags & O_DIRECTORY) !== 0 && !stat.isDirectory) return no(ENOTDIR);
  if ((flags & O_PATH) !== 0) return undefined;
  if ((flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0) return no(EEXIST);
  if (stat.isSymlink) return no(ELOOP);
  if (stat.isDirectory && (writes || (flags & O_CREAT) !== 0)) return no(EISDIR);
  if (stat.kind === S_IFSOCK) return no(ENXIO);
  const mode = flags & O_ACCMODE;
  // O_RDONLY, O_WRONLY and O_RDWR are 0, 1 and 2; 3 asks for the right to both and gets a descriptor for ioctl only.
  const mask = (mode === O_WRONLY ? WRITE : mode === 0 ? READ : READ | WRITE) | ((flags & O_TRUNC) !== 0 ? WRITE : 0);
  const refusal = context.permissions.refusal(found, mask, thread);
  return refusal === 0 ? undefined : no(refusal);
}

function create(context: Context, thread: Thread, request: Request, length: number, access: string): Verdict {
  const subject = (path: string): Subject<"create"> => ({
    access: accessOfNew(request.flags),
    path,
    mode: request.mode & 0o7700,
  });
  const place = findPlace(context, thread, request.directory, context.memory.bytes, length, true, request.resolve);
  if ("error" in place)
    return context.unresolved(thread, place.error, (path) => ({ op: "create", subject: subject(path) }));
  if (place.refusal !== 0) return context.attempt();
  if (access === "path") return context.attempt();
  const exclusive = (request.flags & O_EXCL) !== 0;
  return context.decide(thread, {
    op: "create",
    subject: subject(place.path),
    observation: { exclusive, requestedMode: request.mode & 0o7777 },
  });
}

/** O_TMPFILE: a file without a name, in a directory. */
function createUnnamed(context: Context, thread: Thread, request: Request, length: number): Verdict {
  const { found } = context;
  const result = context.finder.find(
    found,
    thread,
    request.directory,
    context.memory.bytes,
    length,
    true,
    request.resolve,
  );
  const act = (path: string): Act => ({
    op: "create",
    subject: { access: accessOfNew(request.flags), path, mode: request.mode & 0o7700 },
  });
  try {
    if (result < 0) return context.unresolved(thread, result, act);
    if (!found.stat.isDirectory || (request.flags & O_ACCMODE) === 0) return context.attempt();
    if (context.permissions.refusal(found, WRITE | EXECUTE, thread) !== 0) return context.attempt();
    return context.decide(thread, act(`${pathText(found)}/#unnamed`));
  } finally {
    found.close();
  }
}

function unread(context: Context, thread: Thread, error: number, access: string): Verdict {
  if (error === -EFAULT || error === -ENAMETOOLONG) return context.refuses(-error);
  const path = `?${reasonFor(-error)}`;
  return context.unseen(thread, `path not read (${reasonFor(-error)})`, {
    op: "open",
    subject: { access, path, mode: 0, uid: 0, gid: 0, fs: "?" },
  });
}
