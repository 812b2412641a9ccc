/** Adds rules for existing files: each is opened, checked and passed to the kernel. */
import { readdirSync, readSync } from "node:fs";
import { unescapeToBytes } from "@isoline/core/event";
import { ELOOP, ENOENT, ENOTDIR } from "../abi/errno.ts";
import { allowBeneath } from "../abi/landlock.ts";
import { close, fstatfs, openat2, statx } from "../abi/libc.ts";
import { AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC, O_PATH, Stat, STATX_MASK } from "../abi/stat.ts";
import { EMPTY, openHow } from "../abi/bytes.ts";
import { fsRights } from "./rights.ts";
import type { Look, SettledRule } from "./settle.ts";

const O_NONBLOCK = 0o4000;
/** A contour's paths are canonical: a symbolic link on the way means that the name now leads to another file (linux/openat2.h). */
const RESOLVE_NO_SYMLINKS = 0x04;
const asPath = openHow(O_PATH | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
const forReading = openHow(O_NONBLOCK | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);

/** linux/magic.h: proc, 9p, tracefs. */
const FORGETFUL: ReadonlySet<number> = new Set([0x9fa0, 0x01021997, 0x74726163]);
const MQUEUE_MAGIC = 0x19800202;
const MAX_PINS = 4096;
const ELF = 0x7f454c46;
const SHEBANG = 0x2321;

export class HeldFiles {
  /**
   * Descriptors that must stay open as long as the rules are needed. Some file systems create a new inode whenever a name is
   * looked up that is not cached, and the rule stays with the old inode (observed: after memory was reclaimed, a rule on
   * /proc/meminfo allowed nothing any more). An open descriptor keeps the name cached.
   */
  readonly pins: number[] = [];
  readonly #ruleset: number;
  readonly #stat = new Stat();
  readonly #statfs: Buffer = Buffer.alloc(120);

  constructor(ruleset: number) {
    this.#ruleset = ruleset;
  }

  readonly look: Look = (path) => {
    const fd = open(path, asPath);
    if (fd === -ENOENT || fd === -ENOTDIR) return "missing";
    if (fd === -ELOOP) return { refused: "a symbolic link stands in the way" };
    if (fd < 0) return { refused: `cannot be opened (errno ${-fd})` };
    const kind = this.#kindOf(fd);
    close(fd);
    return kind;
  };

  /** Adds one rule; returns a description of the problem, or undefined. */
  add(rule: SettledRule): string | undefined {
    const fd = open(rule.path, asPath);
    if (fd < 0) return `cannot be opened any more (errno ${-fd})`;
    let pinned = false;
    try {
      if (this.#kindOf(fd) !== rule.on) return "was replaced while the rule was made";
      const runs = rule.tried && this.#stat.isRegular && isNoProgram(rule.path);
      const result = allowBeneath(this.#ruleset, fd, rule.access | (runs ? fsRights.execute : 0));
      pinned = result >= 0 && this.#pin(fd);
      return result < 0 ? `the kernel accepts no rule for it (errno ${-result})` : undefined;
    } finally {
      if (!pinned) close(fd);
    }
  }

  /** POSIX message queues are not mediated, but Landlock treats them as files of a file system that may be mounted nowhere. */
  allowMessageQueues(rights: number): string | undefined {
    const fd = open("/dev/mqueue", asPath);
    const isMounted = fd >= 0 && this.#fileSystem(fd) === MQUEUE_MAGIC;
    if (isMounted) allowBeneath(this.#ruleset, fd, rights);
    if (fd >= 0) close(fd);
    return isMounted
      ? undefined
      : "POSIX message queues cannot be opened: /dev/mqueue is not mounted, so that no rule can allow it";
  }

  #kindOf(fd: number): "file" | "directory" {
    const known = statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.#stat.bytes) >= 0;
    return known && this.#stat.isDirectory ? "directory" : "file";
  }

  #pin(fd: number): boolean {
    if (this.pins.length >= MAX_PINS || !FORGETFUL.has(this.#fileSystem(fd))) return false;
    this.pins.push(fd);
    return true;
  }

  #fileSystem(fd: number): number {
    return fstatfs(fd, this.#statfs) < 0 ? 0 : this.#statfs.readUInt32LE(0);
  }
}

function open(path: string, how: Buffer): number {
  return openat2(AT_FDCWD, Buffer.concat([unescapeToBytes(path), Buffer.of(0)]), how);
}

/**
 * Shells first try to execute a script without `#!`, and run it themselves after ENOEXEC. That failed attempt exchanges
 * nothing, so it is on no contour, but Landlock must permit it so that the kernel can return ENOEXEC.
 */
function isNoProgram(path: string): boolean {
  if (hasBinaryHandlers()) return false;
  const fd = open(path, forReading);
  if (fd < 0) return false;
  try {
    const head = Buffer.alloc(4);
    const length = readSync(fd, head, 0, 4, 0);
    return length < 4 || (head.readUInt32BE(0) !== ELF && head.readUInt16BE(0) !== SHEBANG);
  } catch {
    return false;
  } finally {
    close(fd);
  }
}

/** With handlers in binfmt_misc any file may be a program. */
function hasBinaryHandlers(): boolean {
  try {
    return readdirSync("/proc/sys/fs/binfmt_misc").length > 2;
  } catch {
    return false;
  }
}
