/** open in all its forms: an existing file is opened, otherwise one is created. */
import {
  E2BIG,
  EAGAIN,
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  ELOOP,
  EMFILE,
  ENAMETOOLONG,
  ENOENT,
  ENOSYS,
  ENOTDIR,
  EPERM,
} from "../../../abi/errno.ts";
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
  type Stat,
  S_IFBLK,
  S_IFSOCK,
} from "../../../abi/stat.ts";
import { digestField, NO_CONTENT, remarksOn } from "../../files/content.ts";
import { accessMask, accessOf, accessOfNew, EXECUTE, READ, WRITE } from "../../words/access.ts";
import type { Context, Decoder } from "../context.ts";
import { reasonFor } from "../paths/reasons.ts";
import { nameIn, pathText } from "../../files/knowledge.ts";
import { type Act, type Refusal, refusedAnyway, type Verdict } from "../../mediation.ts";
import type { Thread } from "../tasks/process.ts";
import { standsInForAllocators, type Way } from "../perform/opener.ts";
import { fileSystemsMayFreeze } from "../perform/filesystems.ts";
import { isServing } from "./served.ts";
import { Spot } from "./spot.ts";

const ENXIO = 6;

interface Request extends Way {
  readonly directory: number;
  readonly path: number;
  readonly mode: number;
  readonly resolve: number;
}

const SLASH = 0x2f;
const HERE = Buffer.from(".\0");
/** MAXSYMLINKS (linux/namei.h). */
const MOST_LINKS = 40;

/** With O_PATH the older calls ignore every other flag but these (fs/open.c, build_open_how). */
const PATH_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW;
export const effectiveFlags = (flags: number): number => ((flags & O_PATH) === 0 ? flags : flags & PATH_FLAGS);

export const open: Decoder = (context, thread) =>
  openPath(context, thread, {
    directory: AT_FDCWD,
    path: 0,
    flags: effectiveFlags(context.call.u32(1)),
    mode: context.call.u32(2),
    resolve: 0,
    isExact: false,
  });

export const creat: Decoder = (context, thread) =>
  openPath(context, thread, {
    directory: AT_FDCWD,
    path: 0,
    flags: O_CREAT | O_WRONLY | O_TRUNC,
    mode: context.call.u32(1),
    resolve: 0,
    isExact: false,
  });

export const openat: Decoder = (context, thread) =>
  openPath(context, thread, {
    directory: context.call.int(0),
    path: 1,
    flags: effectiveFlags(context.call.u32(2)),
    mode: context.call.u32(3),
    resolve: 0,
    isExact: false,
  });

/** All RESOLVE_ flags (linux/openat2.h). */
const RESOLVE_KNOWN = 0x3fn;
/** Flags and modes that are known to any kernel fit into this. */
const LOWER = 0xffff_ffffn;
/** `struct open_how`, and the most that the kernel takes of one (PAGE_SIZE). */
const HOW_BYTES = 24;
const MOST_HOW = 4096n;

/** `openat2`: flags, mode and RESOLVE flags are in memory. If the task had to make it, they could be others by then: it never does. */
export const openat2: Decoder = (context, thread) => {
  // Contradictory flags, an invalid size, unmapped memory: the kernel checks these first.
  const refused = context.refusedArguments();
  if (refused !== 0) return context.refuses(refused);
  const size = context.call.pointer(3);
  const length = size > MOST_HOW ? HOW_BYTES : Math.max(Number(size), HOW_BYTES);
  const result = context.memory.exactly(thread.tid, context.call.pointer(2), length);
  if (result === -EFAULT) return context.refuses(EFAULT);
  if (result < 0) return context.unresolved(thread, result, (path) => unresolvedOpen(path)) || context.racy();
  const { bytes } = context.memory;
  const [flags, mode, resolve] = [0, 8, 16].map((at) => bytes.readBigUInt64LE(at)) as [bigint, bigint, bigint];
  // What a newer kernel knows is refused as by one that does not.
  if (bytes.subarray(HOW_BYTES, length).some((byte) => byte !== 0)) return context.refuses(E2BIG);
  if (flags > LOWER || mode > LOWER || (resolve & ~RESOLVE_KNOWN) !== 0n) return context.refuses(EINVAL);
  const request = { flags: Number(flags), mode: Number(mode), resolve: Number(resolve), isExact: true };
  return openPath(context, thread, { directory: context.call.int(0), path: 1, ...request }) || context.racy();
};

function unresolvedOpen(path: string, access = "?"): Act {
  return { op: "open", subject: { access, path, mode: 0, uid: 0, gid: 0, fs: "?" } };
}

/** Number of further attempts if a name did not exist when it was looked up, and exists when it is to be created. */
const MOST_LOOKS = 16;

function openPath(context: Context, thread: Thread, request: Request): Verdict {
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const verdict = openOnce(context, thread, request);
    if (verdict !== "look again") return verdict;
  }
  return context.notSeen(thread, "a name was created and removed on every attempt to open it");
}

/** Finds the target of the call's path, with the rights of the thread if they can be taken on. */
function find(context: Context, thread: Thread, request: Request, length: number, follow: boolean): number {
  const { finder, found, memory, performer } = context;
  const { directory, resolve } = request;
  return finder.findAs(performer.rightsFor(thread), found, thread, directory, memory.bytes, length, follow, resolve);
}

function openOnce(context: Context, thread: Thread, request: Request): Verdict | "look again" {
  const { flags } = request;
  const { memory, found, finder } = context;
  const length = context.readPath(thread, request.path);
  const access = accessOf(flags);
  const unresolved = (path: string): Act => unresolvedOpen(path, access);
  if (length === 0) return context.refuses(ENOENT);
  if (length < 0) return unread(context, thread, length, access);
  if ((flags & O_TMPFILE_BIT) !== 0 && (flags & O_DIRECTORY) !== 0)
    return createUnnamed(context, thread, request, length);
  if ((flags & (O_CREAT | O_DIRECTORY)) === (O_CREAT | O_DIRECTORY)) {
    const refused = context.refusedArguments();
    if (refused !== 0) return context.refuses(refused);
  }
  if ((flags & O_CREAT) !== 0 && memory.bytes[length - 1] === SLASH)
    return createDirectory(context, thread, request, length);

  const follow = (flags & O_NOFOLLOW) === 0 && (flags & (O_CREAT | O_EXCL)) !== (O_CREAT | O_EXCL);
  try {
    const result = find(context, thread, request, length, follow);
    const isReached = finder.wentAsTask;
    if (result >= 0) {
      // First what is cheap to ask, and false for all calls but one.
      if (context.failsInstead && !isAlwaysRefused(context) && !(isReached && context.opener.mayOpen(found, flags)))
        return ENOSYS;
      const verdict = openExisting(context, thread, flags, access);
      return verdict === 0 ? context.open(thread, found, request, isReached) : verdict;
    }
    if (result !== -ENOENT || (flags & O_CREAT) === 0) return context.notFound(thread, result, isReached, unresolved);
  } finally {
    found.close();
  }
  return create(context, thread, request, Buffer.from(memory.bytes.subarray(0, length + 1)));
}

const isAlwaysRefused = ({ finder, found }: Context): boolean => finder.ledToSupervisor || isServing(found.stat);

/** Decides about the object in `found`, to be opened with these flags. */
export function openExisting(context: Context, thread: Thread, flags: number, access: string): Verdict {
  const { found, files, mediator } = context;
  const { stat } = found;
  // Reported even if the kernel would refuse it by itself: an attempt to open the supervisor's entries matters.
  if (context.finder.ledToSupervisor)
    return context.decide(thread, { op: "open", subject: { access, ...files.describe(found) } });
  if (isToBeWritten(flags) && isMadeUp(stat) && context.ownGroups.keeps(found))
    return context.keep(thread, { op: "open", subject: { access, ...files.describe(found) } });
  if (standsInForAllocators(found) || ((flags & O_PATH) === 0 && isServing(stat))) {
    const act: Act = { op: "open", subject: { access, ...files.describe(found) } };
    return context.decide(thread, refusedAnyway(act)) || EPERM;
  }
  if ((flags & O_ACCMODE) === O_RDWR) files.noteOpened(stat);
  // It may be opened for good once no file system is on it (O_EXCL).
  if (stat.kind === S_IFBLK) context.mountContexts.release(context.tasks.processes);
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
  const verdict = context.exchange(thread, key, describe, () =>
    (flags & O_PATH) === 0 ? context.inspect(thread, found, "open", accessMask(flags)) : 0,
  );
  if (isDeviceMapper(stat) && (flags & O_PATH) === 0 && context.listener.goesAhead(verdict)) fileSystemsMayFreeze();
  return verdict;
}

/** /dev/mapper/control (Documentation/admin-guide/devices.txt): to suspend a disk freezes the file system on it. */
const isDeviceMapper = ({ rdev, isCharacterDevice }: Stat): boolean => isCharacterDevice && rdev === "10:236";

const isToBeWritten = (flags: number): boolean =>
  (flags & O_PATH) === 0 && ((flags & O_ACCMODE) !== 0 || (flags & O_TRUNC) !== 0);
/** As files are that the kernel makes up: on no device, and without a size. Costs nothing to ask. */
const isMadeUp = ({ isRegular, isOnBlockDevice, size }: Stat): boolean => isRegular && !isOnBlockDevice && size === 0;

/** Flags that change the meaning of an open; the others (close-on-exec, non-blocking, synchronous …) do not. */
const KEY_FLAGS = O_ACCMODE | O_APPEND | O_TRUNC | O_PATH | O_CREAT | O_EXCL | O_DIRECTORY | O_NOFOLLOW;

/** The errors with which the kernel will refuse by itself (fs/namei.c, do_open and may_open). */
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
  // O_RDONLY, O_WRONLY and O_RDWR are 0, 1 and 2; 3 requires both rights and gives a descriptor for ioctl only.
  const mask = (mode === O_WRONLY ? WRITE : mode === 0 ? READ : READ | WRITE) | ((flags & O_TRUNC) !== 0 ? WRITE : 0);
  const refusal = context.permissions.refusal(found, mask, thread);
  return refusal === 0 ? undefined : no(refusal);
}

/** A file cannot be created at a path that ends with a slash: the kernel reports that once it has reached the directory. */
function createDirectory(context: Context, thread: Thread, request: Request, length: number): Verdict {
  const spot = new Spot();
  try {
    const result = spot.find(context, thread, request.directory, context.memory.bytes, length, request.resolve);
    return result < 0
      ? context.notFound(thread, result, spot.isReached, (path) => unresolvedOpen(path, accessOf(request.flags)))
      : context.refuses(EISDIR);
  } finally {
    spot.close();
  }
}

/** Creates a file where none was found: at the end of the path, or at the target of dangling links at its end. */
function create(context: Context, thread: Thread, request: Request, path: Buffer): Verdict | "look again" {
  const spot = new Spot();
  let { directory } = request;
  let way = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    try {
      const result = spot.find(context, thread, directory, way, way.length - 1, request.resolve);
      if (result < 0)
        return context.notFound(thread, result, spot.isReached, (text) => createAct(request, text) as Act);
      const link = (request.flags & (O_EXCL | O_NOFOLLOW)) === 0 ? spot.readLink() : undefined;
      if (link === undefined) return createAt(context, thread, request, spot);
      const next = spot.follow(context, thread, link);
      // The meaning of such a link under the task's own RESOLVE flags is not determined.
      if (next === undefined || request.resolve !== 0)
        return context.unresolved(thread, -EAGAIN, (text) => createAct(request, text) as Act);
      [directory, way] = [AT_FDCWD, next];
    } finally {
      spot.close();
    }
  }
  return context.refuses(ELOOP);
}

function createAt(context: Context, thread: Thread, request: Request, spot: Spot): Verdict | "look again" {
  const { flags, mode } = request;
  const { opener, files } = context;
  const exclusive = (flags & O_EXCL) !== 0;
  // Only the object that was decided about: a file that has been created there meanwhile is another act.
  const way = { ...request, flags: flags | O_EXCL };
  const isOurs = spot.isReached && spot.isName && opener.mayCreateIn(spot.directory);
  if (isOurs && !opener.hasRoom(thread)) return EMFILE;
  const verdict = context.carryOut(thread, {
    act: createAct(request, spot.path) as Act,
    refusal: () => spot.refusal(context, thread),
    call: isOurs ? () => opener.create(spot.directory, spot.name, way, mode) : undefined,
    isCreation: true,
    refusedAfter: () => opener.notGiven,
  });
  if (verdict === 0) files.noteUnseen(spot.directory, flags);
  return verdict === EEXIST && !exclusive ? "look again" : verdict;
}

function createAct({ flags, mode }: Request, path: string): Act<"create"> {
  return {
    op: "create",
    subject: { access: accessOfNew(flags), path, mode: mode & 0o7700 },
    observation: { exclusive: (flags & O_EXCL) !== 0, requestedMode: mode & 0o7777 },
  };
}

/** O_TMPFILE: a file without a name, in a directory. */
function createUnnamed(context: Context, thread: Thread, request: Request, length: number): Verdict {
  const { found, finder, files, opener, permissions } = context;
  const refused = context.refusedArguments();
  if (refused !== 0) return context.refuses(refused);
  const { flags, mode } = request;
  const act = (path: string): Act => ({
    op: "create",
    subject: { access: accessOfNew(flags), path, mode: mode & 0o7700 },
  });
  try {
    const result = find(context, thread, request, length, true);
    if (result < 0) return context.notFound(thread, result, finder.wentAsTask, act);
    if (!found.stat.isDirectory) return context.refuses(ENOTDIR);
    const isOurs = finder.wentAsTask && opener.mayCreateIn(found);
    if (isOurs && !opener.hasRoom(thread)) return EMFILE;
    const verdict = context.carryOut(thread, {
      act: act(nameIn(pathText(found), "#unnamed")),
      refusal: () => permissions.refusal(found, WRITE | EXECUTE, thread),
      call: isOurs ? () => opener.create(found, HERE, request, mode) : undefined,
      isCreation: true,
      refusedAfter: () => opener.notGiven,
    });
    if (verdict === 0) files.noteUnseen(found, flags);
    return verdict;
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
