/** The object of a call: an existing one, by a path or by a descriptor of the task. Every error in finding it is handled here. */
import { AT_FDCWD, O_PATH } from "../../../abi/stat.ts";
import { EBADF, EFAULT, ENAMETOOLONG, ENOENT } from "../../../abi/errno.ts";
import { closeSoon } from "../../../process/moment.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { terminated } from "../../../abi/bytes.ts";
import type { Context } from "../context.ts";
import { reasonFor } from "../paths/reasons.ts";
import type { Act, Verdict } from "../../mediation.ts";
import type { Found } from "../../files/found.ts";
import type { Thread } from "../tasks/process.ts";
import { isOrdinary } from "../perform/filesystems.ts";
import { duplicate } from "../surroundings/task-socket.ts";

/** A path argument: the descriptor it starts from and which argument holds the pointer. */
export interface Named {
  readonly directory: number;
  readonly argument: number;
}

export const at = (directory: number, argument: number): Named => ({ directory, argument });
export const plain = (argument: number): Named => ({ directory: AT_FDCWD, argument });

/** An object that is held while the call is decided, and how the supervisor's calls name it. */
export interface Held {
  readonly found: Found;
  /** `/proc/self/fd/N`, NUL-terminated, which leads to the object itself, even if it is a link. */
  readonly path: Buffer;
  /** A duplicate of the task's descriptor; -1 if it was found by a path. */
  readonly fd: number;
  /** Whether it was found with the rights of the thread; otherwise no call may be made on it in the thread's place. */
  readonly isReached: boolean;
}

/** Finds an existing object by path and passes it on. */
export function withObject(
  context: Context,
  thread: Thread,
  named: Named,
  follow: boolean,
  unresolved: (path: string) => Act,
  use: (found: Found) => Verdict,
): Verdict {
  const length = context.readPath(thread, named.argument);
  if (length === 0) return context.refuses(ENOENT);
  if (length < 0) return unread(context, thread, length, unresolved);
  const { found } = context;
  try {
    const result = context.finder.find(found, thread, named.directory, context.memory.bytes, length, follow);
    return result < 0 ? context.unresolved(thread, result, unresolved) : use(found);
  } finally {
    found.close();
  }
}

/** The same for an object by a descriptor of the task. */
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

/** Finds an object by path with the rights of the thread, so that a call can be made on it. */
export function withHeld(
  context: Context,
  thread: Thread,
  named: Named,
  follow: boolean,
  unresolved: (path: string) => Act,
  use: (held: Held) => Verdict,
): Verdict {
  const length = context.readPath(thread, named.argument);
  if (length === 0) return context.refuses(ENOENT);
  if (length < 0) return unread(context, thread, length, unresolved);
  const { found, finder, memory, performer } = context;
  try {
    const rights = performer.rightsFor(thread);
    const result = finder.findAs(rights, found, thread, named.directory, memory.bytes, length, follow);
    if (result < 0) return context.notFound(thread, result, finder.wentAsTask, unresolved);
    return use({ found, path: pathOf(found.fd), fd: -1, isReached: finder.wentAsTask && isOrdinary(found) });
  } finally {
    found.close();
  }
}

/** The same for an object by a descriptor of the task: by a duplicate, which no other task can redirect. */
export function withHeldDescriptor(
  context: Context,
  thread: Thread,
  fd: number,
  unresolved: (path: string) => Act,
  use: (held: Held) => Verdict,
): Verdict {
  const { found, finder, performer } = context;
  const hold = (own: number, isHeld: boolean): Verdict => {
    try {
      const isReached = isHeld && performer.rightsFor(thread) !== undefined && isOrdinary(found);
      return use({ found, path: pathOf(own < 0 ? found.fd : own), fd: own, isReached });
    } finally {
      if (own >= 0) closeSoon(own);
    }
  };
  try {
    if (fd === AT_FDCWD) {
      const result = finder.findWorkingDirectory(found, thread);
      return result < 0 ? context.unresolved(thread, result, unresolved) : hold(-1, true);
    }
    const own = duplicate(thread, fd);
    if (own === -EBADF) return context.refuses(EBADF);
    const result = own < 0 ? finder.findDescriptor(found, thread, fd) : finder.findOwn(found, thread, own);
    return result < 0 ? context.unresolved(thread, result, unresolved) : hold(own, own >= 0);
  } finally {
    found.close();
  }
}

const F_GETFL = 3;
const FCNTL = 72;

/** Whether a descriptor of the supervisor is an O_PATH descriptor, so that most calls on it fail with EBADF. */
export function isPathOnly(fd: number): boolean {
  return (rawCall(FCNTL, [fd, F_GETFL]) & O_PATH) !== 0;
}

/** Whether a path argument is the empty string (or absent), so that the call acts on the descriptor itself. */
export function isEmptyPath(context: Context, thread: Thread, named: Named): boolean {
  return context.call.isNull(named.argument) || context.readPath(thread, named.argument) === 0;
}

/** A path that could not be read. */
export function unread(context: Context, thread: Thread, error: number, act: (path: string) => Act): Verdict {
  if (error === -EFAULT || error === -ENAMETOOLONG) return context.refuses(-error);
  return context.unseen(thread, `path not read (${reasonFor(-error)})`, act(`?${reasonFor(-error)}`));
}

function pathOf(fd: number): Buffer {
  return terminated(`/proc/self/fd/${fd}`);
}
