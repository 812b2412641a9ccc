/** The object that a path or a descriptor led to: an O_PATH descriptor of the supervisor, its status, and its canonical path. */
import { openSync } from "node:fs";
import { EMPTY, openHow } from "../../abi/bytes.ts";
import { close, openat, openat2, readlinkat, statx, fstatfs } from "../../abi/libc.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  Stat,
  STATX_MASK,
} from "../../abi/stat.ts";

/**
 * The root of a task: its descriptor (-1 if it is the supervisor's), and its path as the supervisor sees it ("" if it is the
 * supervisor's or lies in another mount tree).
 */
export interface RootView {
  readonly root: number;
  readonly rootPath: Buffer;
}

const hows = {
  stay: openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_NO_MAGICLINKS),
  stayInRoot: openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT),
};
const SLASH = 0x2f;
const statfs: Buffer = Buffer.alloc(120);

/**
 * The object that a resolution found. One instance per role is reused from call to call: `stat` and `path` are overwritten by
 * the next `find`, and `fd` must be closed before it.
 */
export class Found {
  readonly stat = new Stat();
  readonly #path: Buffer = Buffer.alloc(4352);
  #pathEnd = 0;
  #standing: Standing = "here";
  #filesystem: number | undefined;
  #version: string | undefined;
  fd = -1;
  /** Where its path is valid, if that is not the launch's view; set by the caller. */
  origin: Origin | undefined;
  /**
   * Whether the task reached the object through every directory of its path, as the supervisor would: by an absolute path, from
   * the same root, and through no magic link. Only then does a directory that the task may not search keep it from the object.
   */
  isReachedFromRoot = false;

  /** Canonical path as the task sees it, raw bytes, without the suffix that the kernel adds to the path of a removed file. */
  get path(): Buffer {
    return this.#path.subarray(0, this.#pathEnd);
  }

  /** Whether the path still leads to the object. */
  get standing(): Standing {
    return this.#standing;
  }

  /** Magic of its file system (linux/magic.h); -1 if it cannot be determined. */
  get filesystem(): number {
    this.#filesystem ??= fstatfs(this.fd, statfs) < 0 ? -1 : statfs.readUInt32LE(0);
    return this.#filesystem;
  }

  /** The version that it was found with (`versionOf`). */
  get version(): string {
    this.#version ??= versionOf(this.stat);
    return this.#version;
  }

  /** Takes over a descriptor: reads status and canonical path. 0 or a negative errno, which is never one of PATH_ERRORS. */
  adopt(fd: number, root: RootView | undefined): number {
    this.fd = fd;
    this.origin = undefined;
    this.#filesystem = undefined;
    this.#version = undefined;
    this.isReachedFromRoot = false;
    if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.stat.bytes) < 0) return -OBJECT_CLOSED;
    const length = readlinkat(OWN_DESCRIPTORS, descriptorName(fd), this.#path);
    // A path longer than a page has no text. The kernel opens such a file all the same, so this must not look like the kernel's
    // refusal.
    if (length < 0) return -NO_PATH_TEXT;
    this.#pathEnd = length;
    this.#standing = "here";
    if (root && root.rootPath.length > 0) this.#fromRoot(root.rootPath);
    if (this.path.subarray(-DELETED.length).equals(DELETED) && !this.#isNamed(root)) {
      this.#pathEnd -= DELETED.length;
      this.#standing = "removed";
    }
    return 0;
  }

  /** Takes over a descriptor that was opened by its canonical path, so that nothing else has to be read. */
  adoptNamed(fd: number, path: Buffer, length: number): number {
    this.fd = fd;
    this.origin = undefined;
    this.#filesystem = undefined;
    this.#version = undefined;
    this.isReachedFromRoot = true;
    if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.stat.bytes) < 0) return -OBJECT_CLOSED;
    path.copy(this.#path, 0, 0, length);
    this.#pathEnd = length;
    this.#standing = "here";
    return 0;
  }

  /** Takes over a descriptor whose path the caller knows: only its status is read. 0, or OBJECT_CLOSED as `adopt`. */
  adoptUnnamed(fd: number): number {
    this.fd = fd;
    this.origin = undefined;
    this.#filesystem = undefined;
    this.#version = undefined;
    this.isReachedFromRoot = false;
    this.#pathEnd = 0;
    this.#standing = "here";
    return statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.stat.bytes) < 0 ? -OBJECT_CLOSED : 0;
  }

  /** Says another path than the kernel does, which has none that would lead here. */
  rename(path: Uint8Array): void {
    this.#path.set(path);
    this.#pathEnd = path.length;
    this.origin = undefined;
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }

  /** Removes the path of the task's root. An object outside it has no name for the task, though the task may hold it open. */
  #fromRoot(root: Buffer): void {
    if (this.#path[0] !== SLASH) return;
    const isRoot = this.#pathEnd === root.length;
    if (!this.path.subarray(0, root.length).equals(root) || !(isRoot || this.#path[root.length] === SLASH)) {
      this.#standing = "outside";
      return;
    }
    if (isRoot) this.#path[0] = SLASH;
    else this.#path.copy(this.#path, 0, root.length, this.#pathEnd);
    this.#pathEnd = isRoot ? 1 : this.#pathEnd - root.length;
  }

  /** Whether a path that ends like that of a removed file is a real name. Other names may be left (nlink > 0). */
  #isNamed(view: RootView | undefined): boolean {
    if (this.stat.nlink === 0 || this.#path[0] !== SLASH) return false;
    const start = view && view.root >= 0 ? view.root : AT_FDCWD;
    const path = Buffer.concat([this.path, Buffer.of(0)]);
    const fd = openat2(start, path, start === AT_FDCWD ? hows.stay : hows.stayInRoot);
    if (fd < 0) return false;
    const there = new Stat();
    const result = statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, there.bytes);
    close(fd);
    return result >= 0 && there.inode === this.stat.inode && there.device === this.stat.device;
  }
}

/**
 * The origin of a path outside the launch's view: a directory that the launch sees as `directory` (escaped, no slash at its
 * end), from which the last `rest` bytes of the path lead to the object; otherwise what was mounted there.
 */
export interface Origin {
  readonly directory: string;
  readonly rest: number;
}

/** `outside`: beyond the task's root, where the same text may be the path of another object. */
export type Standing = "here" | "removed" | "outside";

const DELETED = Buffer.from(" (deleted)");

/**
 * The supervisor's own `/proc/self/fd`, held open: reading a link from it saves walking there each time (1.5 µs of 2.7, measured).
 * Opened by Node, which closes it when a supervising thread ends.
 */
const OWN_DESCRIPTORS = openSync("/proc/self/fd", O_PATH | O_CLOEXEC | O_DIRECTORY);

/** Reopens the object behind a descriptor by openat or openat2; a negative errno on failure. */
export function reopen(fd: number, flags: number, exactly: boolean): number {
  const name = descriptorName(fd);
  return exactly ? openat2(OWN_DESCRIPTORS, name, openHow(flags, 0, 0)) : openat(OWN_DESCRIPTORS, name, flags, 0);
}

const digits: Buffer = Buffer.alloc(12);
/** The decimal name of a descriptor, in reused bytes. */
function descriptorName(fd: number): Buffer {
  let at = digits.length - 1;
  digits[at] = 0;
  for (let rest = fd; at === digits.length - 1 || rest > 0; rest = Math.floor(rest / 10))
    digits[--at] = 0x30 + (rest % 10);
  return digits.subarray(at);
}

/** The object that was found cannot be read, or its path is too long for the kernel to report. */
export const OBJECT_CLOSED = 4094;
export const NO_PATH_TEXT = 4093;

const versionBytes: Buffer = Buffer.alloc(48);

/** Device, inode, birth time, ctime and size of a file (`Stat.putVersion`), as a key of tables: one character for each byte. */
export function versionOf(stat: Stat): string {
  stat.putVersion(versionBytes, 0);
  return versionBytes.toString("latin1");
}
