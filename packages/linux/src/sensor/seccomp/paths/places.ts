/**
 * Where a thread's paths start: its root and its working directory, as descriptors that the supervisor holds during one call.
 *
 * They are not kept from one call to the next. Both belong to all tasks that share them (CLONE_FS, also among threads), and any
 * of these may change them without a call of this thread. pivot_root changes those of every process in the mount namespace. A
 * directory that is held keeps its file system from being unmounted, even long after the process has ended.
 *
 * Only one thing is remembered: that a thread's root is the supervisor's, as long as no task has been allowed to change a root or
 * to enter a namespace. A root shared among tasks is shared within the namespace only. To ask again would cost one statx in /proc,
 * 2 to 5 µs for a task that has just started.
 */
import { close, openat2, readlinkat, statx } from "../../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH, Stat, STATX_MASK } from "../../../abi/stat.ts";
import { openHow, terminated } from "../../../abi/bytes.ts";
import type { LaunchPlaces } from "../tasks/launch-places.ts";
import { procOf, type Thread } from "../tasks/process.ts";

export class Places {
  /** Descriptor of the task's root, or -1 if it is the supervisor's, so that plain resolution is right. */
  readonly root: number;
  /** Canonical path of the task's root as the supervisor sees it; "" if it is the same or lies in another mount tree. */
  readonly rootPath: Buffer;
  /** Identifies a root: device, inode and mount; "" for the supervisor's. */
  readonly mark: string;
  readonly #proc: string;
  #cwd: number | undefined;

  /** `proc` is the thread's directory in /proc. */
  constructor(proc: string, root: number, rootPath: Buffer, mark: string) {
    this.#proc = proc;
    this.root = root;
    this.rootPath = rootPath;
    this.mark = mark;
  }

  /** Descriptor of the working directory, or a negative errno. Opened on first use: most paths are absolute. */
  get cwd(): number {
    this.#cwd ??= openat2(AT_FDCWD, terminated(`${this.#proc}/cwd`), DIRECTORY);
    return this.#cwd;
  }

  shut(): void {
    if (this.root >= 0) close(this.root);
    if (this.#cwd !== undefined && this.#cwd >= 0) close(this.#cwd);
  }
}

const DIRECTORY = openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
const NOWHERE = Buffer.alloc(0);

export class PlaceFinder {
  readonly #own = new Stat();
  readonly #stat = new Stat();
  readonly #launchPlaces: LaunchPlaces;
  /** Threads whose root was found to be the supervisor's. If the launch's is, so is that of every task, unless one may have left it. */
  readonly #settled = new WeakSet<Thread>();
  #isLaunchs = false;

  constructor(launchPlaces: LaunchPlaces) {
    this.#launchPlaces = launchPlaces;
    statx(AT_FDCWD, terminated("/"), 0, STATX_MASK, this.#own.bytes);
  }

  /** The thread's current places, to be closed after use; undefined if the thread may not be inspected. */
  of(thread: Thread): Places | undefined {
    const { process } = thread;
    const proc = procOf(thread);
    if (this.#isSettled(thread)) return new Places(proc, -1, NOWHERE, "");
    const link = terminated(`${proc}/root`);
    if (statx(AT_FDCWD, link, 0, STATX_MASK, this.#stat.bytes) < 0) return undefined;
    // In another mount namespace the same root is another mount.
    process.atOwnRoot = this.#stat.inode === this.#own.inode && this.#stat.device === this.#own.device;
    if (!process.atOwnRoot) process.wasInside = true;
    // A mount belongs to one mount namespace, so equal mounts mean equal roots.
    if (process.atOwnRoot && this.#stat.mountId === this.#own.mountId) {
      this.#settled.add(thread);
      this.#isLaunchs ||= this.#launchPlaces.areShared;
      return new Places(proc, -1, NOWHERE, "");
    }
    const mark = `${this.#stat.device} ${this.#stat.inode} ${this.#stat.mountId}`;
    const root = openat2(AT_FDCWD, link, DIRECTORY);
    if (root < 0) return undefined;
    const path = Buffer.alloc(4096);
    const length = readlinkat(AT_FDCWD, terminated(`/proc/self/fd/${root}`), path);
    // "/" here is the root of another mount tree, below which paths are correct already.
    return new Places(proc, root, length > 1 ? path.subarray(0, length) : NOWHERE, mark);
  }

  #isSettled(thread: Thread): boolean {
    if (this.#settled.has(thread)) return this.#launchPlaces.noneHasLeft;
    return this.#isLaunchs && this.#launchPlaces.areShared;
  }
}
