/**
 * Processes of isoline that are not part of the namespace but start its first processes: the supervisor itself, and any process
 * that later brings another into a running namespace (`isoline-runc exec`). One thread of each has the filter.
 */
import { ESRCH } from "../../../abi/errno.ts";
import { close, faccessat2, pidfdOpen, pidfdSendSignal } from "../../../abi/libc.ts";
import { terminated } from "../../../abi/bytes.ts";
import { AT_FDCWD } from "../../../abi/stat.ts";
import { readThreadStatus } from "../../../process/proc-status.ts";
import { namespaceOf, numbersOf } from "./pid-numbers.ts";

interface Launcher {
  /** -1 for this process itself, whose number cannot be reused. */
  readonly pidfd: number;
  firstSeen: boolean;
}

export class Launchers {
  readonly #known = new Map<number, Launcher>();
  #areOne = true;
  #endedUnseen = 0;

  constructor(own: number) {
    this.#known.set(own, { pidfd: -1, firstSeen: false });
  }

  /** `starts`: it will start a process of the namespace. False if it does not exist any more. */
  add(pid: number, starts = true): boolean {
    const pidfd = pidfdOpen(pid, 0);
    if (pidfd < 0) return false;
    if (starts) this.#areOne = false;
    // An earlier one of this number has ended.
    if (this.#known.get(pid)?.firstSeen === false) this.#endedUnseen += 1;
    this.#drop(pid);
    this.#known.set(pid, { pidfd, firstSeen: !starts });
    return true;
  }

  /** No other process has brought any into the namespace, also none that has ended since. */
  get areOne(): boolean {
    return this.#areOne;
  }

  /** Whether one of them has yet to start its first process: that may get the number of a task that has ended. */
  get mayStart(): boolean {
    for (const [pid, { pidfd, firstSeen }] of [...this.#known])
      if (pidfd >= 0 && !firstSeen && this.#living(pid) !== undefined) return true;
    return false;
  }

  /** How many have ended before a process of theirs was seen: it may be there all the same. */
  get endedUnseen(): number {
    return this.#endedUnseen;
  }

  has(pid: number): boolean {
    return this.#living(pid) !== undefined;
  }

  /** Whether a thread belongs to one of them. */
  hasThread(tid: number): boolean {
    const status = readThreadStatus(tid);
    return status !== undefined && this.has(status.tgid);
  }

  /**
   * Whether a number, as the supervisor sees it, is that of one of them or of one of their threads: no task of the namespace
   * may act on it.
   */
  serves(number: number): boolean {
    for (const pid of [...this.#known.keys()]) {
      if (number !== pid && faccessat2(AT_FDCWD, terminated(`/proc/${pid}/task/${number}`), 0, 0) < 0) continue;
      if (this.has(pid)) return true;
    }
    return false;
  }

  /** The same by the number in the process's own pid namespace, which is `pid:[INODE]`; undefined if it is not known. */
  servesInside(number: number, namespace: string | undefined): boolean {
    for (const pid of [...this.#known.keys()]) {
      if (numbersOf(pid)?.pids.at(-1) !== number) continue;
      const own = namespaceOf(pid);
      const isOther = own !== undefined && namespace !== undefined && own !== namespace;
      if (!isOther && this.has(pid)) return true;
    }
    return false;
  }

  /**
   * Whether a new child of `pid` is the one process that this launcher starts. Asked once: a later child is a sibling of
   * another process.
   */
  startsWith(pid: number): boolean {
    const launcher = this.#living(pid);
    if (!launcher || launcher.firstSeen) return false;
    launcher.firstSeen = true;
    return true;
  }

  close(): void {
    for (const pid of [...this.#known.keys()]) this.#drop(pid);
  }

  /** A freed number may belong to another process. */
  #living(pid: number): Launcher | undefined {
    const launcher = this.#known.get(pid);
    if (!launcher || launcher.pidfd < 0 || pidfdSendSignal(launcher.pidfd, 0) !== -ESRCH) return launcher;
    if (!launcher.firstSeen) this.#endedUnseen += 1;
    this.#drop(pid);
    return undefined;
  }

  #drop(pid: number): void {
    const pidfd = this.#known.get(pid)?.pidfd ?? -1;
    if (pidfd >= 0) close(pidfd);
    this.#known.delete(pid);
  }
}
