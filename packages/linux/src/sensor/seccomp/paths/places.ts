/**
 * Where a thread's paths start: its root and its working directory, as descriptors of ours.
 *
 * They are kept per process between calls, because opening `/proc/TID/cwd` costs more than the rest of a resolution. A
 * process in which some thread may be moving (see `TaskTable.directoriesMove`), or that shares its directories with
 * another process, is asked every time.
 */
import { close, openat2, readlinkat, statx } from "../../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH, Stat, STATX_MASK } from "../../../abi/stat.ts";
import { openHow, terminated } from "../../../abi/bytes.ts";
import { DescriptorBudget } from "../tasks/descriptor-budget.ts";
import type { Process, Thread } from "../tasks/process.ts";
import { fileMark } from "../tasks/lineage.ts";

export class Places {
  /** Descriptor of the task's root, or -1 if it is ours, so that plain resolution is right. */
  readonly root: number;
  /** Canonical path of the task's root as seen from ours; "" if it is the same or a mount of its own. */
  readonly rootPath: Buffer;
  readonly #tid: number;
  #cwd: number | undefined;

  constructor(tid: number, root: number, rootPath: Buffer) {
    this.#tid = tid;
    this.root = root;
    this.rootPath = rootPath;
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
/** Root and working directory. */
const PER_PROCESS = 2;
const NOWHERE = Buffer.alloc(0);

export class PlaceKeeper {
  readonly #kept = new Map<Process, { readonly epoch: number; readonly places: Places }>();
  readonly #budget = new DescriptorBudget(0.4);
  readonly #stat = new Stat();
  readonly #ownRoot: string;
  readonly #ownRootFile: string;

  constructor() {
    statx(AT_FDCWD, terminated("/"), 0, STATX_MASK, this.#stat.bytes);
    this.#ownRoot = this.#mark();
    this.#ownRootFile = fileMark(this.#stat);
  }

  /** The thread's places, to be given back with `release`; undefined if the thread may not be looked into. */
  of(thread: Thread): Places | undefined {
    const { process } = thread;
    const kept = this.#kept.get(process);
    if (kept) {
      if (kept.epoch === process.directoryEpoch && process.movingThreads.size === 0) return kept.places;
      this.forget(process);
    }
    const places = this.#open(thread);
    if (places && this.#mayKeep(process) && this.#budget.take(PER_PROCESS))
      this.#kept.set(process, { epoch: process.directoryEpoch, places });
    return places;
  }

  /** Closes places that were opened for one call only. */
  release(thread: Thread, places: Places): void {
    if (this.#kept.get(thread.process)?.places !== places) places.shut();
  }

  /** Closes what is kept of a process that is gone or has moved. */
  forget(process: Process): void {
    const kept = this.#kept.get(process);
    if (!kept) return;
    this.#kept.delete(process);
    this.#budget.giveBack(PER_PROCESS);
    kept.places.shut();
  }

  #mayKeep(process: Process): boolean {
    return process.movingThreads.size === 0 && !process.sharesDirectories;
  }

  #open({ tid, process }: Thread): Places | undefined {
    const link = terminated(`/proc/${tid}/root`);
    if (statx(AT_FDCWD, link, 0, STATX_MASK, this.#stat.bytes) < 0) return undefined;
    // In a mount namespace of its own the same root has another mount.
    process.atOwnRoot = fileMark(this.#stat) === this.#ownRootFile;
    if (this.#mark() === this.#ownRoot) return new Places(tid, -1, NOWHERE);
    const root = openat2(AT_FDCWD, link, DIRECTORY);
    if (root < 0) return undefined;
    const path = Buffer.alloc(4096);
    const length = readlinkat(AT_FDCWD, terminated(`/proc/self/fd/${root}`), path);
    // "/" here means the root of another mount tree, below which paths already come out right.
    return new Places(tid, root, length > 1 ? path.subarray(0, length) : NOWHERE);
  }

  /** Device, inode and mount: the same mount is only in one mount namespace, so equal marks mean equal roots. */
  #mark(): string {
    return `${this.#stat.device} ${this.#stat.inode} ${this.#stat.mountId}`;
  }
}
