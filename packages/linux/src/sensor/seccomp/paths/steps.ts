/**
 * The steps of a walk: each opens one name in a directory that is held, as the kernel would for the task.
 *
 * Steps are taken with the rights of the thread. What a process finds of itself in /proc depends on who asks, and so do magic links: they
 * are its own whatever its rights. Another process's are followed with the supervisor's rights, and then the walk is not the thread's
 * any more, unless its rights are the same.
 */
import { EACCES, ENOENT, EPERM } from "../../../abi/errno.ts";
import { EMPTY, openHow } from "../../../abi/bytes.ts";
import { openat2, statx } from "../../../abi/libc.ts";
import { AT_EMPTY_PATH, O_CLOEXEC, O_NOFOLLOW, O_PATH, Stat, STATX_MASK } from "../../../abi/stat.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { ThreadRights } from "../perform/thread-rights.ts";
import type { Thread } from "../tasks/process.ts";
import { isOfTask, isOnProc } from "./proc-entries.ts";

const stay = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0);
const jump = openHow(O_PATH | O_CLOEXEC, 0, 0);
const END = Buffer.of(0);
/** Sticky, and writable for all. */
const SHARED = 0o1002;

export class Steps {
  readonly #thread: Thread;
  readonly #rights: ThreadRights | undefined;
  /** Whether the thread could have taken each step so far; never without its rights. */
  areTheirs: boolean;
  /** Whether the last step was that over a magic link. */
  endAtLink = false;

  constructor(thread: Thread, rights: ThreadRights | undefined) {
    this.#thread = thread;
    this.#rights = rights;
    this.areTheirs = rights !== undefined;
  }

  /** Opens a name in a directory, and does not follow it; a descriptor, or a negative errno. */
  to(directory: number, name: Buffer): number {
    this.endAtLink = false;
    return this.#open(directory, name, stay);
  }

  /** Follows a magic link. */
  over(directory: number, name: Buffer): number {
    this.endAtLink = true;
    if (this.areTheirs && this.#rights?.areThoseOf(this.#thread) === false) this.areTheirs = this.#isOwn(directory);
    return this.#open(directory, name, jump);
  }

  /** Whether the kernel lets the thread follow no such link (fs/namei.c, may_follow_link; protected_symlinks in sysctl/fs.rst). */
  mayNotFollow(directory: number, link: Stat): boolean {
    if (!this.areTheirs || link.uid === this.#thread.credentials.fsuid) return false;
    const above = new Stat();
    if (statx(directory, EMPTY, AT_EMPTY_PATH, STATX_MASK, above.bytes) < 0) return true;
    if ((above.mode & SHARED) !== SHARED || above.uid === link.uid) return false;
    return readProcFile("/proc/sys/fs/protected_symlinks")?.trim() !== "0";
  }

  #open(directory: number, name: Buffer, how: Buffer): number {
    const path = Buffer.concat([name, END]);
    const open = () => openat2(directory, path, how);
    if (!this.areTheirs || this.#rights === undefined) return open();
    const fd = this.#rights.as(this.#thread, open);
    const isRefused = fd === -EACCES || fd === -EPERM || fd === -ENOENT;
    if (!isRefused || !isOnProc(directory)) return fd;
    const own = open();
    // EPERM is the answer where even a process's own links need a capability (map_files).
    if (own < 0 || fd === -EPERM || !(this.#isOwn(directory) || this.#isOwn(own))) this.areTheirs = false;
    return own;
  }

  #isOwn(directory: number): boolean {
    return isOfTask(directory, this.#thread.tid);
  }
}
