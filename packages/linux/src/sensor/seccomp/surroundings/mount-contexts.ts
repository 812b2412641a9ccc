/**
 * The file systems behind descriptors of `fsopen` and `fspick`, and the trees behind those of `open_tree`.
 *
 * A descriptor is created after the call was allowed, and may be duplicated and passed without a mediated call. So the
 * supervisor keeps a duplicate of each that it has met, and lets the kernel compare them (kcmp). A new one among the
 * descriptors of a process is the one that it was allowed to create since the last look. If it was allowed to create several
 * kinds, the kind is unknown. (A descriptor that came from another process before it was met there is mistaken for such a one.
 * The file system that is mounted in the end shows in paths, by the mount.)
 */
import { readdirSync, readlinkSync } from "node:fs";
import { closeSoon } from "../../../process/moment.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { Process, Thread } from "../tasks/process.ts";
import { isFileOfTask, isSameFile } from "./kcmp.ts";
import { duplicate } from "./task-socket.ts";

export interface MountContext {
  readonly type: string;
  /** The object that `fspick` picked, or "none". */
  readonly path: string;
}

/** For a descriptor about which nothing is known. */
const UNKNOWN: MountContext = { type: "?", path: "?" };
const LINK = "anon_inode:[fscontext]";
const MOST = 256;
/** A workload decides how many tasks and descriptors it has, and how often it asks. */
const MOST_LOOKS = 4096;

interface Met extends MountContext {
  readonly fd: number;
  readonly process: Process;
}

export class MountContexts {
  #asked: { readonly thread: Thread; readonly context: MountContext }[] = [];
  #met: Met[] = [];
  readonly #trees = new Map<string, string>();

  /** A process is allowed to create one. */
  opening(thread: Thread, context: MountContext): void {
    this.#meet(thread);
    this.#asked.push({ thread, context });
    if (this.#asked.length > MOST) this.#asked.shift();
  }

  /** What a descriptor of a thread is for. */
  of(thread: Thread, fd: number): MountContext {
    this.#meet(thread);
    const own = duplicate(thread, fd);
    if (own < 0) return UNKNOWN;
    const met = this.#met.find((each) => isSameFile(own, each.fd));
    closeSoon(own);
    return met ?? UNKNOWN;
  }

  /** The type of what a process was allowed to create, if there is only one. */
  typeOf({ process }: Thread): string {
    const types = new Set(this.#met.filter((each) => each.process === process).map(({ type }) => type));
    return types.size === 1 ? ([...types][0] as string) : "?";
  }

  /** A tree that begins with this directory (`fileMark`, and when it was made) is allowed to be copied. */
  copying(mark: string, path: string): void {
    this.#trees.set(mark, path);
    if (this.#trees.size > MOST) this.#trees.delete(this.#trees.keys().next().value as string);
  }

  /** The path of the directory that a tree was copied from. */
  copied(mark: string): string | undefined {
    return this.#trees.get(mark);
  }

  /** Releases what is held for a process that has ended: a context holds its file system. */
  forget(process: Process): void {
    if (this.#met.length === 0 && this.#asked.length === 0) return;
    for (const { fd, process: owner } of this.#met) if (owner === process) closeSoon(fd);
    this.#met = this.#met.filter((each) => each.process !== process);
    this.#asked = this.#asked.filter(({ thread }) => thread.process !== process);
  }

  /**
   * Lets go of those that no task has any more: a context keeps its file system in the kernel, and the device of it busy. One that is under
   * way in a message is let go too, and nothing is known about it when it arrives.
   */
  release(processes: Iterable<Process>): void {
    if (this.#met.length === 0) return;
    const open = this.#openIn(processes);
    for (const { fd } of this.#met) if (open?.has(fd) === false) closeSoon(fd);
    if (open !== undefined) this.#met = this.#met.filter(({ fd }) => open.has(fd));
  }

  close(): void {
    for (const { fd } of this.#met) closeSoon(fd);
  }

  /** The own descriptors of those that a task has; undefined if not every task can be looked at, or there is too much to look at. */
  #openIn(processes: Iterable<Process>): ReadonlySet<number> | undefined {
    const open = new Set<number>();
    let looks = 0;
    for (const { pid } of processes)
      for (const tid of entriesOf(`/proc/${pid}/task`) ?? [pid]) {
        const descriptors = entriesOf(`/proc/${tid}/fd`);
        looks += 1 + (descriptors?.length ?? 0);
        if (descriptors === undefined || looks > MOST_LOOKS) return undefined;
        const contexts = descriptors.filter((fd) => isContext(`/proc/${tid}/fd/${fd}`));
        for (const { fd: own } of this.#met) if (contexts.some((fd) => isFileOfTask(own, tid, fd))) open.add(own);
      }
    return open;
  }

  /** Looks for new descriptors of every process that was allowed to create one. */
  #meet(thread: Thread): void {
    const asking = new Map(this.#asked.map((asked) => [asked.thread.process, asked.thread]));
    if (asking.size > 0) asking.set(thread.process, thread);
    for (const each of asking.values()) this.#meetOf(each);
    this.#asked = this.#asked.filter((asked) => asked.thread.process !== thread.process && isAsking(asked.thread));
    for (const { fd } of this.#met.splice(0, Math.max(0, this.#met.length - MOST))) closeSoon(fd);
  }

  #meetOf(thread: Thread): void {
    const own = this.#asked.filter((asked) => asked.thread.process === thread.process);
    const kinds = new Map(own.map(({ context }) => [`${context.type} ${context.path}`, context]));
    const context = kinds.size === 1 ? ([...kinds.values()][0] as MountContext) : UNKNOWN;
    for (const number of contextsOf(thread)) {
      const fd = duplicate(thread, number);
      if (fd < 0) continue;
      if (this.#met.some((each) => isSameFile(fd, each.fd))) closeSoon(fd);
      else this.#met.push({ ...context, fd, process: thread.process });
    }
  }
}

/** Whether a thread has not returned from its call yet; the file begins with the number of the call that a task waits in. */
function isAsking({ tid }: Thread): boolean {
  const call = readProcFile(`/proc/${tid}/syscall`);
  return call !== undefined && /^(?:430|433|running)/.test(call);
}

function contextsOf({ tid }: Thread): number[] {
  return (entriesOf(`/proc/${tid}/fd`) ?? []).filter((fd) => isContext(`/proc/${tid}/fd/${fd}`));
}

/** The numbers in a directory of /proc: none of a task that has ended; undefined if it cannot be read. */
function entriesOf(directory: string): number[] | undefined {
  try {
    return readdirSync(directory).map(Number);
  } catch (fault) {
    return ["ENOENT", "ESRCH"].includes((fault as NodeJS.ErrnoException).code ?? "") ? [] : undefined;
  }
}

/** Not one that was closed meanwhile. */
function isContext(path: string): boolean {
  try {
    return readlinkSync(path) === LINK;
  } catch {
    return false;
  }
}
