/**
 * The proc file system from which the supervisor reads what it knows of tasks. A workload that may mount could cover it, or a process in
 * it, with files that it made up: in its supervisor's mount namespace, or in one from which mounts come there. Nothing that is read then
 * is true, so no call goes ahead any more.
 *
 * Another mount of proc for the same pid namespace shows the same, and covers nothing.
 */
import { existsSync, readlinkSync } from "node:fs";
import { terminated } from "../../../abi/bytes.ts";
import { statx } from "../../../abi/libc.ts";
import { AT_FDCWD, Stat, STATX_MASK } from "../../../abi/stat.ts";
import { MountFile, type Mounts } from "../../files/mount-table.ts";

const PROC = terminated("/proc");
/** Not below `sys` and `fs`, where file systems of their own belong. */
const PROCESS = /^\/proc\/(?:\d+|self|thread-self)(?:\/|$)/;

export class OwnProc {
  readonly #file = new MountFile("/proc/self/mountinfo");
  readonly #stat = new Stat();
  readonly #first: number;
  #isCovered = false;

  constructor() {
    this.#first = this.#seen();
    this.#file.changed();
  }

  /** Whether it is covered, or gone. Costs a poll as long as no mount changes. */
  get isCovered(): boolean {
    const now = this.#file.changed();
    if (now) this.#isCovered = this.#isCoveredBy(now);
    return this.#isCovered;
  }

  close(): void {
    this.#file.close();
  }

  #isCoveredBy(mounts: Mounts): boolean {
    const seen = this.#seen();
    const there = mounts.get(seen);
    if (there === undefined || (seen !== this.#first && !(there.type === "proc" && showsAll()))) return true;
    return [...mounts.all].some(({ parent, point }) => parent === seen && PROCESS.test(point));
  }

  /** The mount that the supervisor's path leads to: the topmost one, in its root. */
  #seen(): number {
    return statx(AT_FDCWD, PROC, 0, STATX_MASK, this.#stat.bytes) < 0 ? -1 : this.#stat.mountId;
  }
}

/** Proc of the supervisor's pid namespace calls it by its number, and has more than processes unless it is told to leave that out. */
function showsAll(): boolean {
  try {
    return readlinkSync("/proc/self") === String(process.pid) && existsSync("/proc/misc");
  } catch {
    return false;
  }
}
