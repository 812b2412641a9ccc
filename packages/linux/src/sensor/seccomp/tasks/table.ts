/**
 * The tasks of a namespace: threads by tid, their processes, and the code that each process runs.
 *
 * No notification reports a new process or a death, so both are discovered:
 *
 *   - a thread is looked up in /proc when its first call arrives; `lineage.ts` finds the identity it was forked with;
 *   - a known tid is checked, through a pidfd of that very thread, to be still the same thread: a recycled
 *     number must never act under another's identity;
 *   - an exec changes the identity only when the new image is found to run: the kernel may yet refuse it.
 */
import type { Task } from "@isoline/core/identity";
import type { Identity } from "../../acting.ts";
import { Ancestry } from "../../ancestry.ts";
import { type ExpectedProgram, PIDFD_THREAD, type Process, type Rights, type Thread } from "./process.ts";
import { inheritedBy, type Place, placeOf, processOf } from "./births.ts";
import { CredentialSerials } from "./credential-serials.ts";
import { KnownIdentities } from "./known-identities.ts";
import { LaunchPlaces } from "./launch-places.ts";
import type { DescriptorBudget } from "./descriptor-budget.ts";
import { Executions, type Unidentified } from "./executions.ts";
import type { ExpectedWords } from "./expected-words.ts";
import { answers, isAlive } from "./alive.ts";
import { ImageMarks } from "./image-marks.ts";
import { Launchers } from "./launchers.ts";
import { Lineage } from "./lineage.ts";
import { OwnDomains } from "./own-domains.ts";
import { Pidfds } from "./pidfds.ts";
import { actsWith } from "../../../process/pidfd-info.ts";
import { childrenOf, isEnding, readThreadStatus, startTime, type ThreadStatus } from "../../../process/proc-status.ts";

/** The events that the table reports to its owner. */
export interface TaskEvents {
  born(process: Process): void;
  died(process: Process): void;
  /** The identity of a process had to be guessed among several. */
  guessed(process: Process): void;
  /** Whether the call that was received last still waits for its answer. */
  isWaiting(): boolean;
  /** A process runs another program than it was allowed to, or it cannot be proven which. Returns its identity from then on. */
  unidentified(process: Process, why: Unidentified): { readonly task: Task; readonly program: string };
}

/** linux/sched.h */
const CLONE_VM = 0x100;
const CLONE_PARENT = 0x8000;
const CLONE_THREAD = 0x1_0000;

export class TaskTable {
  readonly #threads = new Map<number, Thread>();
  readonly #processes = new Map<number, Process>();
  readonly #credentials = new CredentialSerials();
  readonly #identities = new KnownIdentities();
  readonly #lineage: Lineage;
  readonly #ancestry: Ancestry<Process>;
  readonly launchers: Launchers;
  readonly launchPlaces = new LaunchPlaces();
  readonly #events: TaskEvents;
  /** Threads that were allowed to create a process and have not called since: the new process may appear at any moment. */
  readonly #forking = new Set<number>();
  readonly #pidfds: Pidfds;
  readonly #domains = new OwnDomains();
  readonly #marks = new ImageMarks();
  readonly #executions: Executions;
  #forkEpoch = 0;
  /** The launch is in the supervisor's pid namespace, and so are all tasks, unless one may have left it. */
  #isCounted = false;
  #nextHandle = 1;
  #sweepAt = 256;

  /** `supervisor` is the pid whose child the first process is. */
  constructor(supervisor: number, events: TaskEvents, budget: DescriptorBudget) {
    this.#events = events;
    this.#pidfds = new Pidfds(budget, () => {
      this.sweep();
      return this.#threads.size + this.#processes.size;
    });
    this.#executions = new Executions(this.#marks, budget);
    this.launchers = new Launchers(supervisor);
    this.#lineage = new Lineage(
      this.launchers,
      this.#marks,
      this.#identities.root,
      (pid) => this.#living(pid),
      () => this.#processes.values(),
    );
    this.#ancestry = new Ancestry(
      () => this.#processes.values(),
      () => this.#lineage.dead,
    );
  }

  get processes(): Iterable<Process> {
    return this.#processes.values();
  }

  /**
   * The process of any pid as the supervisor sees it, even if it has not been discovered yet; undefined if it is not in the
   * namespace.
   */
  find(pid: number): Process | undefined {
    const known = this.#processes.get(pid) ?? this.#processOfThread(pid);
    if (known && isAlive(known)) return known;
    const status = readThreadStatus(pid);
    if (!status) return undefined;
    return this.#descends(status) ? this.#processAt(status) : undefined;
  }

  /** Of a known thread that still has the number: another task may have got it since. */
  #processOfThread(tid: number): Process | undefined {
    const thread = this.#threads.get(tid);
    if (thread === undefined || this.#isSame(thread)) return thread?.process;
    this.#forget(thread);
    return undefined;
  }

  /** Whether a process is a descendant of a known one. The number of parents is bounded: /proc has no loop, but may change meanwhile. */
  #descends(status: ThreadStatus): boolean {
    let parent = status.ppid;
    for (let steps = 0; steps < 64 && parent > 1; steps++) {
      const known = this.#processes.get(parent);
      if (known && isAlive(known)) return true;
      parent = readThreadStatus(parent)?.ppid ?? 0;
    }
    return false;
  }

  /** The thread of a notification, certainly the one that waits now; undefined if it cannot be identified. */
  thread(tid: number): Thread | undefined {
    const known = this.#threads.get(tid);
    if (known && (this.#isCertain(known) || this.#isSame(known))) {
      known.certainSince = this.#births();
      this.#settle(known);
      return known;
    }
    if (known) this.#forget(known);
    return this.#discover(tid);
  }

  /** Gives a task identity its small number and its chain of names. */
  identify(task: Task, program: string, parent: Identity): Identity {
    return this.#identities.of(task, program, parent);
  }

  /** Records an exec that is allowed; the identity changes when the new image is found to run. */
  execStarts(thread: Thread, next: Identity, program: ExpectedProgram, words: ExpectedWords): void {
    this.#executions.starts(thread, next, program, words);
  }

  /** Records that a task is allowed to change the addresses that /proc shows of its program (PR_SET_MM). */
  marksMayChange(thread: Thread): void {
    this.#marks.mayChange(thread.tid);
  }

  /** A call that creates a task is allowed, with these flags of `clone`; if not `fixed` (in memory), they may still change. */
  forkStarts(thread: Thread, flags: number, fixed: boolean): void {
    const { process, tid } = thread;
    this.#forking.add(tid);
    this.#forkEpoch += 1;
    if (!fixed) this.launchPlaces.noteOpenBirth();
    const has = (flag: number): boolean => (flags & flag) !== 0;
    if (has(CLONE_THREAD)) process.multithreaded = true;
    if (has(CLONE_THREAD) && fixed) return;
    if (has(CLONE_VM) || !fixed) process.sharesMemory = true;
    const asSibling = has(CLONE_PARENT) || !fixed;
    if (asSibling) {
      process.unbornSiblings += 1;
      this.#siblingMayStart(thread);
    }
    if (!has(CLONE_PARENT) || !fixed) process.unborn += 1;
    this.#lineage.forks(process, tid, asSibling);
  }

  /** Records that a process is allowed to put Landlock rules on itself; its descendants have them as well. */
  restrictsItself(thread: Thread): void {
    this.#domains.restricts(thread.process);
  }

  /** A process is allowed to create a sibling, or might create one because its flags are in memory. */
  #siblingMayStart({ process, tid }: Thread): void {
    const parent = process.restrictsItself ? this.#processes.get(readThreadStatus(tid)?.ppid ?? 0) : undefined;
    if (parent) parent.hasRestrictedForker = true;
  }

  /** Removes processes and threads that have ended. */
  sweep(): void {
    for (const thread of [...this.#threads.values()]) if (!this.#isSame(thread)) this.#forget(thread);
    for (const process of [...this.#processes.values()]) if (!isAlive(process)) this.#bury(process);
  }

  close(): void {
    this.launchers.close();
    for (const thread of [...this.#threads.values()]) this.#forget(thread);
    for (const process of [...this.#processes.values()]) this.#bury(process);
  }

  /** Another process starts a process of the namespace. False if that process has ended. */
  launchedBy(pid: number): boolean {
    this.#forkEpoch += 1;
    return this.launchers.add(pid);
  }

  /** Grows with each moment in which a task may have been created. */
  #births(): number {
    return this.#forkEpoch + this.launchers.endedUnseen;
  }

  /** A number can only pass to another task if a task is created: if none was created since the last check, nothing is read. */
  #isCertain(thread: Thread): boolean {
    if (this.#forking.size > 0 || this.launchers.mayStart) return false;
    return thread.certainSince === this.#births();
  }

  #isSame(thread: Thread): boolean {
    if (!isAlive(thread.process)) return false;
    if (thread.tid === thread.process.pid) return true;
    if (thread.pidfd >= 0) return answers(thread.pidfd);
    // Kernels before 6.9 have no pidfd of a thread: its process is read anew each time.
    return thread.started === startTime(thread.tid) && readThreadStatus(thread.tid)?.tgid === thread.process.pid;
  }

  /** Applies the effects of this thread's earlier calls, which have returned. */
  #settle(thread: Thread): void {
    const { process } = thread;
    this.#marks.isBack(thread.tid);
    if (this.#forking.size > 0 && this.#forking.delete(thread.tid)) {
      // A number that was freed meanwhile may belong to the new task.
      this.#forkEpoch += 1;
      if (process.unborn > 0) this.#meetChildren(thread);
    }
    if (process.pendingExecs.length > 0) this.#settleExecs(thread);
    if (thread.mayHaveNewRights) this.#lookAtRights(thread);
    if (thread.credentialsStale) {
      const status = readThreadStatus(thread.tid);
      if (status) this.#acts(thread, this.#credentials.of(status));
    }
  }

  #acts(thread: Thread, { credentials, groups, serial }: Rights): void {
    thread.credentials = credentials;
    thread.groups = groups;
    thread.credentialsSerial = serial;
    thread.credentialsStale = false;
  }

  /** A thread has returned from a fork: the new process exists and still runs the same program, or has ended without a call. */
  #meetChildren({ tid, process }: Thread): void {
    const children = childrenOf(process.pid, tid);
    if (!children) return;
    for (const pid of children) {
      if (this.#living(pid) || this.#newborn(pid)) continue;
      const status = readThreadStatus(pid);
      if (status) this.#processAt(status);
    }
    if (process.unborn === 0 || process.hasLostForker) return;
    const isForking = [...this.#forking].some((other) => this.#threads.get(other)?.process === process);
    // If a child ends while the kernel writes the list, it may leave another out (fs/proc/array.c, get_children_pid). Two equal
    // readings are complete.
    if (!isForking && String(childrenOf(process.pid, tid)) === String(children)) process.unborn = 0;
  }

  /** An exec of this process has succeeded, or the thread that asked for one has returned from it, or neither. */
  #settleExecs(thread: Thread): void {
    const { process } = thread;
    const lives = (tid: number) => this.#lives(tid, process);
    const found = this.#executions.settle(thread, lives, () => this.#events.isWaiting());
    if (found.is === "as-before") return;
    this.#becomes(
      process,
      found.is === "executed" ? found.next : this.#unidentified(process, found.is),
      found.executable,
    );
  }

  #unidentified(process: Process, why: Unidentified): Identity {
    const { task, program } = this.#events.unidentified(process, why);
    return this.identify(task, program, process.identity);
  }

  /** The rights of the first thread as read before an exec, which never changes groups, may still be valid. */
  #lookAtRights(thread: Thread): void {
    const { tid, process, credentials } = thread;
    thread.mayHaveNewRights = false;
    if (tid !== process.pid || !actsWith(tid, process.pidfd, credentials)) thread.credentialsStale = true;
  }

  #lives(tid: number, process: Process): boolean {
    const thread = this.#threads.get(tid);
    return thread?.process === process && this.#isSame(thread);
  }

  #living(pid: number): Process | undefined {
    const known = this.#processes.get(pid);
    return known && isAlive(known) ? known : undefined;
  }

  #becomes(process: Process, next: Identity, executable: string): void {
    process.identity = next;
    process.executable = executable;
    process.isUnexecuted = false;
    process.isSupervisors = false;
    process.hasForked = false;
    const first = this.#threads.get(process.pid);
    // Exec ends the other threads, and the remaining one may be any of them, with its own rights.
    if (first?.process === process) first[process.multithreaded ? "credentialsStale" : "mayHaveNewRights"] = true;
    process.multithreaded = false;
    process.sharesMemory = false;
  }

  #discover(tid: number): Thread | undefined {
    const first = this.#living(tid) ?? this.#newborn(tid);
    const inherited = first && inheritedBy(first);
    if (inherited) return this.#add(first, tid, inherited);
    const status = readThreadStatus(tid);
    // A launching thread has the filter too, and is not part of the namespace.
    if (!status || this.launchers.has(status.tgid)) return undefined;
    const process = this.#processAt(status);
    if (tid !== status.tgid) process.multithreaded = true;
    return this.#add(process, tid, this.#credentials.of(status));
  }

  #add(process: Process, tid: number, rights: Rights): Thread {
    const isFirst = tid === process.pid;
    const pidfd = isFirst ? -1 : this.#pidfds.open(tid, PIDFD_THREAD);
    const thread: Thread = {
      tid,
      process,
      pidfd,
      credentials: rights.credentials,
      groups: rights.groups,
      credentialsSerial: rights.serial,
      credentialsStale: false,
      mayHaveNewRights: false,
      started: isFirst || pidfd >= 0 ? undefined : startTime(tid),
      certainSince: this.#births(),
    };
    if (isFirst) process.rights = rights;
    this.#threads.set(tid, thread);
    if (process.pendingExecs.length > 0) this.#settleExecs(thread);
    if (this.#threads.size >= this.#sweepAt) {
      this.sweep();
      this.#sweepAt = Math.max(256, this.#threads.size * 2);
    }
    return thread;
  }

  /** The process that a number belongs to, read from a pidfd; undefined if /proc has to be read. */
  #newborn(pid: number): Process | undefined {
    const pidfd = this.#pidfds.open(pid, 0);
    const place =
      pidfd < 0 || this.launchers.has(pid)
        ? undefined
        : placeOf(pid, pidfd, this.#isCounted && this.launchPlaces.areShared);
    if (place) {
      this.#isCounted ||= this.launchPlaces.areShared;
      return this.#processAt(place, pidfd);
    }
    this.#pidfds.shut(pidfd);
    return undefined;
  }

  /** The process at a place; `pidfd` is one of it, if there is one already. */
  #processAt(place: Place, opened?: number): Process {
    const { tgid: pid, ppid } = place;
    const known = this.#processes.get(pid);
    if (known && isAlive(known)) return known;
    if (known) this.#bury(known);
    const named = this.#living(ppid);
    const origin = this.#lineage.trace(pid, ppid);
    const pidfd = opened ?? this.#pidfds.open(pid, 0);
    const restrictsItself = this.#domains.inherits(origin, this.#processes.get(ppid), isAlive);
    const process = processOf(place, origin, named, { handle: this.#nextHandle++, pidfd, restrictsItself });
    this.#processes.set(pid, process);
    this.#events.born(process);
    process.otherParents = [];
    // Little can be proven about a process that is ending, and it does nothing any more.
    if (origin.guessed && !isEnding(pid)) this.#events.guessed(process);
    return process;
  }

  #forget(thread: Thread): void {
    this.#pidfds.shut(thread.pidfd);
    this.#threads.delete(thread.tid);
    if (!this.#forking.delete(thread.tid)) return;
    this.#forkEpoch += 1;
    thread.process.hasLostForker = true;
  }

  #bury(process: Process): void {
    this.#executions.drop(process, () => true);
    this.#pidfds.shut(process.pidfd);
    this.#processes.delete(process.pid);
    this.#lineage.remember(process);
    process.named = undefined;
    process.forker = undefined;
    this.#ancestry.ended(process);
    this.#events.died(process);
  }
}
