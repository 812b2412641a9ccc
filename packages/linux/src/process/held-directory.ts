/**
 * Accesses files relative to a descriptor of their directory. If another process renames the directory, or replaces it or a
 * file by a link, this does not change where this process writes.
 */
import { EMPTY, openHow, terminated } from "../abi/bytes.ts";
import { EACCES, ELOOP, EPERM } from "../abi/errno.ts";
import { close, openat2, readlinkat, statx } from "../abi/libc.ts";
import { rawCall } from "../abi/raw-call.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  Stat,
  STATX_MASK,
} from "../abi/stat.ts";
import { syscallNumbers } from "../abi/syscalls.ts";

const O_NONBLOCK = 0o4000;
/** path_resolution(7) */
const MAX_SYMLINKS = 40;
const LINK_BYTES = 4096;
const stay = openHow(O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
const whole = openHow(O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
const reopen = openHow(O_DIRECTORY | O_CLOEXEC, 0, 0);
const handle = openHow(O_DIRECTORY | O_PATH | O_CLOEXEC, 0, 0);
const SELF = terminated(".");

/** The status of a name; a link is not followed. */
export interface Entry {
  readonly kind: "file" | "directory" | "link" | "character device" | "other";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
}

export class HeldDirectory {
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /**
   * Opens a directory; returns a negative errno on failure. Links are followed, but root follows only links that root owns: the
   * owner of any other link would decide where root writes (ELOOP).
   */
  static open(path: string): HeldDirectory | number {
    const direct = openat2(AT_FDCWD, terminated(path), whole);
    const fd =
      direct === -ELOOP ? walk(path) : direct === -EACCES ? openat2(AT_FDCWD, terminated(path), handle) : direct;
    return fd < 0 ? fd : new HeldDirectory(fd);
  }

  /** Undefined if the name does not exist. */
  look(name: string): Entry | undefined {
    const stat = new Stat();
    if (statx(this.fd, terminated(name), AT_SYMLINK_NOFOLLOW, STATX_MASK, stat.bytes) < 0) return undefined;
    const kind = stat.isRegular
      ? "file"
      : stat.isDirectory
        ? "directory"
        : stat.isSymlink
          ? "link"
          : stat.isCharacterDevice
            ? "character device"
            : "other";
    return { kind, mode: stat.mode, uid: stat.uid, gid: stat.gid, links: stat.nlink };
  }

  /** Creates a new file for writing; a descriptor, or a negative errno. */
  create(name: string, mode: number): number {
    return openat2(this.fd, terminated(name), openHow(O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode, 0));
  }

  /** Opens an existing file with flags of open(2). Follows no link and waits for no pipe. */
  open(name: string, flags: number, mode = 0): number {
    const how = openHow(flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode, RESOLVE_NO_SYMLINKS);
    return openat2(this.fd, terminated(name), how);
  }

  /** Renames a file of this directory over another name, whatever that is; 0 or a negative errno. */
  rename(from: string, to: string): number {
    return rawCall(syscallNumbers.renameat, [this.fd, terminated(from), this.fd, terminated(to)]);
  }

  remove(name: string): void {
    rawCall(syscallNumbers.unlinkat, [this.fd, terminated(name), 0]);
  }

  close(): void {
    close(this.fd);
  }
}

/** Walks a path that contains links, name by name. */
function walk(path: string): number {
  let pending = split(path);
  let here = openat2(AT_FDCWD, terminated(path.startsWith("/") ? "/" : "."), handle);
  for (let links = 0; pending.length > 0 && here >= 0; ) {
    const [name = "", ...rest] = pending;
    const next = openat2(here, terminated(name), stay);
    pending = rest;
    const target = next < 0 ? undefined : linkAt(next);
    if (target === undefined) {
      close(here);
      here = next;
      continue;
    }
    close(next);
    links += 1;
    const refused = typeof target === "number" ? target : links > MAX_SYMLINKS ? -ELOOP : 0;
    if (refused < 0) return closing(here, refused);
    pending = [...split(target as string), ...pending];
    if ((target as string).startsWith("/")) here = closing(here, openat2(AT_FDCWD, terminated("/"), handle));
  }
  if (here < 0) return here;
  const opened = openat2(here, SELF, reopen);
  if (opened === -EACCES) return here;
  return closing(here, opened);
}

/** The target of a link; undefined if the name is not a link, a negative errno if the link must not be followed. */
function linkAt(fd: number): string | number | undefined {
  const stat = new Stat();
  if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes) < 0) return -EPERM;
  if (!stat.isSymlink) return undefined;
  if (process.geteuid?.() === 0 && stat.uid !== 0) return -ELOOP;
  const text = Buffer.alloc(LINK_BYTES);
  const length = readlinkat(fd, EMPTY, text);
  return length > 0 ? text.toString("utf8", 0, length) : -EPERM;
}

function split(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function closing(fd: number, result: number): number {
  close(fd);
  return result;
}
