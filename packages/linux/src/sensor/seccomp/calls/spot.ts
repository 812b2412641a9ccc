/**
 * Where a call creates, moves or removes a name: the directory, which is held, and the name in it as it was given.
 *
 * The kernel splits such a path in exactly this way (fs/namei.c, filename_parentat): it walks everything but the last part, and
 * looks up the last part, with the slashes after it, in the result. With both, the supervisor can make the call.
 */
import { escapeBytes } from "@isoline/core/event";
import { ENOENT, ENOTDIR } from "../../../abi/errno.ts";
import { close, openat2, readlinkat } from "../../../abi/libc.ts";
import { O_CLOEXEC, O_NOFOLLOW, O_PATH } from "../../../abi/stat.ts";
import { openHow } from "../../../abi/bytes.ts";
import { nameIn, pathText } from "../../files/knowledge.ts";
import { Found } from "../../files/found.ts";
import { EXECUTE, WRITE } from "../../words/access.ts";
import type { Context } from "../context.ts";
import type { TaskMemory } from "../listener/memory.ts";
import type { Act, Verdict } from "../../mediation.ts";
import { isOrdinary } from "../perform/filesystems.ts";
import { type Named, unread } from "./objects.ts";
import { isKeptName } from "../paths/kept-files.ts";
import type { Thread } from "../tasks/process.ts";

const SLASH = 0x2f;
/** linux/limits.h */
const PATH_MAX = 4096;
const DOT = 0x2e;
const CURRENT = Buffer.from(".\0");
const ROOT = Buffer.from("/\0");
const END = Buffer.of(0);
const stay = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0);

export class Spot {
  readonly directory = new Found();
  /** The last part of the path with the slashes after it, NUL-terminated; the root itself if there is no other part. */
  name: Buffer = ROOT;
  /** Whether the name is one that an entry of a directory can have: not `.`, `..` or the root. */
  isName = false;
  hasSlash = false;
  /** Whether the directory was found with the rights of the thread; otherwise no call may be made there in the thread's place. */
  isReached = false;

  /** Canonical path of the name, as events have it. */
  get path(): string {
    return nameIn(pathText(this.directory), escapeBytes(this.name.subarray(0, this.#length)));
  }
  #length = 0;

  /** Finds the spot of a path (NUL-terminated, `length` bytes without the NUL); 0 or a negative errno, as `PathFinder.find`. */
  find(context: Context, thread: Thread, dirfd: number, path: Buffer, length: number, resolve = 0): number {
    let end = length;
    while (end > 0 && path[end - 1] === SLASH) end -= 1;
    const start = path.subarray(0, end).lastIndexOf(SLASH) + 1;
    this.name = end === 0 ? ROOT : Buffer.from(path.subarray(start, length + 1));
    this.#length = end - start;
    this.hasSlash = end < length;
    this.isName = end > start && !(end - start <= 2 && path.subarray(start, end).every((byte) => byte === DOT));
    if (length === 0) return -ENOENT;
    const way = end === 0 ? ROOT : start === 0 ? CURRENT : Buffer.concat([path.subarray(0, start), END]);
    const { directory } = this;
    const rights = context.performer.rightsFor(thread);
    const result = context.finder.findAs(rights, directory, thread, dirfd, way, way.length - 1, true, resolve);
    this.isReached = context.finder.wentAsTask && (result < 0 || isOrdinary(directory));
    if (result < 0) return result;
    if (this.isName && isKeptName(this.name.subarray(0, this.#length))) context.finder.ledToSupervisor = true;
    return directory.stat.isDirectory ? 0 : -ENOTDIR;
  }

  /** Finds the object with the name, without following it; 0 or a negative errno, as `PathFinder.find`. Its path is the spot's. */
  findEntry(context: Context, thread: Thread, out: Found): number {
    const open = () => openat2(this.directory.fd, Buffer.concat([this.name.subarray(0, this.#length), END]), stay);
    const fd = this.isReached ? context.rights.as(thread, open) : open();
    return fd < 0 ? fd : out.adoptUnnamed(fd);
  }

  /** The object with the name, as the object of an event. */
  describe(context: Context, entry: Found): ReturnType<Context["files"]["describe"]> {
    const { mode, uid, gid } = entry.stat;
    return { path: this.path, mode, uid, gid, fs: context.files.classOf(entry) };
  }

  /** The result of looking up the name: 0 if it exists, otherwise the kernel's negative errno. */
  lookUp(): number {
    const fd = openat2(this.directory.fd, Buffer.concat([this.name.subarray(0, this.#length), END]), stay);
    if (fd >= 0) close(fd);
    return Math.min(fd, 0);
  }

  /** The target of the link with this name, if it is one. */
  readLink(): Buffer | undefined {
    if (!this.isName) return undefined;
    const target = Buffer.alloc(PATH_MAX);
    const length = readlinkat(this.directory.fd, this.name, target);
    return length > 0 ? target.subarray(0, length) : undefined;
  }

  /** The path of the target of a link in this directory, NUL-terminated; undefined if it has no path from the root. */
  follow(context: Context, thread: Thread, link: Buffer): Buffer | undefined {
    if (link[0] === SLASH) return Buffer.concat([link, CURRENT.subarray(1)]);
    const { directory } = this;
    if (directory.standing !== "here" || directory.path[0] !== SLASH) return undefined;
    // In another root or mount namespace its path may name another directory.
    if (directory.origin !== undefined && !context.finder.isAtItsPath(thread, directory)) return undefined;
    return Buffer.concat([directory.path, ROOT.subarray(0, 1), link, CURRENT.subarray(1)]);
  }

  /** The errno that keeps the thread from changing the directory; 0 if none. */
  refusal(context: Context, thread: Thread): number {
    // Nothing can be created in a directory that was removed, even by a task whose working directory it is.
    if (this.directory.standing === "removed") return ENOENT;
    return context.permissions.refusal(this.directory, WRITE | EXECUTE, thread);
  }

  close(): void {
    this.directory.close();
  }
}

/** Spots of earlier calls, reused: their path buffers are expensive to allocate. */
const spare: Spot[] = [];

/** Finds the spot of a path argument; every error in finding it is handled here. */
export function withSpot(
  context: Context,
  thread: Thread,
  named: Named,
  memory: TaskMemory,
  unresolved: (path: string) => Act,
  use: (spot: Spot) => Verdict,
): Verdict {
  const length = context.readPath(thread, named.argument, memory);
  if (length < 0) return unread(context, thread, length, unresolved);
  const spot = spare.pop() ?? new Spot();
  try {
    const result = spot.find(context, thread, named.directory, memory.bytes, length);
    return result < 0 ? context.notFound(thread, result, spot.isReached, unresolved) : use(spot);
  } finally {
    spot.close();
    spare.push(spot);
  }
}
