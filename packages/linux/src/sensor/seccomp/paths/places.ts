/**
 * Where a thread's paths start: its root and its working directory, as descriptors of ours that live as long as one call.
 *
 * Nothing of it is kept from one call to the next. Both belong to whatever shares them (CLONE_FS, also among threads), and
 * any of those may move them without a call of this thread; pivot_root moves those of every process in the mount namespace;
 * and a directory that is held keeps its file system from being unmounted, also when the process is long gone. To ask anew
 * costs one statx (0.6 µs where an open takes 7), and to keep a directory and ask whether it is still the one costs as much.
 */
import { close, openat2, readlinkat, statx } from "../../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH, Stat, STATX_MASK } from "../../../abi/stat.ts";
import { openHow, terminated } from "../../../abi/bytes.ts";
import type { Thread } from "../tasks/process.ts";

export class Places {
  /** Descriptor of the task's root, or -1 if it is ours, so that plain resolution is right. */
  readonly root: number;
  /** Canonical path of the task's root as seen from ours; "" if it is the same or a mount of its own. */
  readonly rootPath: Buffer;
  /** Tells a root from others: device, inode and mount; "" for ours. */
  readonly mark: string;
  readonly #tid: number;
  #cwd: number | undefined;

  constructor(tid: number, root: number, rootPath: Buffer, mark: string) {
    this.#tid = tid;
    this.root = root;
    this.rootPath = rootPath;
    this.mark = mark;
  }

  /** Descriptor of the working directory, or a negative errno; looked for when it is first asked for: most paths are absolute. */
  get cwd(): number {
    this.#cwd ??= openat2(AT_FDCWD, terminated(`/proc/${this.#tid}/cwd`), DIRECTORY);
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

  constructor() {
    statx(AT_FDCWD, terminated("/"), 0, STATX_MASK, this.#own.bytes);
  }

  /** The thread's places as of now, to be shut after use; undefined if the thread may not be looked into. */
  of({ tid, process }: Thread): Places | undefined {
    const link = terminated(`/proc/${tid}/root`);
    if (statx(AT_FDCWD, link, 0, STATX_MASK, this.#stat.bytes) < 0) return undefined;
    // In a mount namespace of its own the same root has another mount.
    process.atOwnRoot = this.#stat.inode === this.#own.inode && this.#stat.device === this.#own.device;
    // The same mount is only in one mount namespace, so equal mounts mean equal roots.
    if (process.atOwnRoot && this.#stat.mountId === this.#own.mountId) return new Places(tid, -1, NOWHERE, "");
    const mark = `${this.#stat.device} ${this.#stat.inode} ${this.#stat.mountId}`;
    const root = openat2(AT_FDCWD, link, DIRECTORY);
    if (root < 0) return undefined;
    const path = Buffer.alloc(4096);
    const length = readlinkat(AT_FDCWD, terminated(`/proc/self/fd/${root}`), path);
    // "/" here means the root of another mount tree, below which paths already come out right.
    return new Places(tid, root, length > 1 ? path.subarray(0, length) : NOWHERE, mark);
  }
}
