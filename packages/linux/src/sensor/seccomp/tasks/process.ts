/**
 * Threads and processes as the seccomp sensor keeps them.
 */
import type { Credentials } from "@isoline/core/event";
import type { ActingProcess, ActingThread, Identity } from "../../acting.ts";
import type { ExecProof } from "./exec-proof.ts";
import type { ExpectedWords } from "./expected-words.ts";

/** `PIDFD_THREAD` (linux/pidfd.h, since 6.9): the descriptor stands for one thread, not for the process. */
export const PIDFD_THREAD = 0o200;

export interface Process extends ActingProcess {
  readonly pid: number;
  /** Never reused, unlike the pid; the engine identifies the process by it. */
  readonly handle: number;
  /** See `Ancestry`: of a process that has ended, it may be one further above. */
  parent: Process | undefined;
  /** Dead processes between it and its parent are forgotten; with no parent, all above. */
  hasGap: boolean;
  /** -1 if no descriptor could be opened; then `started` distinguishes this process from the next with its number. */
  readonly pidfd: number;
  readonly started: string | undefined;
  /** It is in a pid namespace of its own, whose proc mounts number processes differently and do not show the supervisor. */
  readonly countsAnew: boolean;
  identity: Identity;
  /** Execs that were allowed and have not been found to succeed or fail; more than one only with several threads. */
  pendingExecs: PendingExec[];
  /** Device and inode of the executable; children of a dead parent are matched by it. */
  executable: string;
  /** It has executed nothing since it was forked, and its first thread is the one that was forked: the kernel reports that by a flag. */
  isUnexecuted: boolean;
  /**
   * The supervisor started it, and it has executed nothing yet: it shares the supervisor's memory, which is closed to every other
   * process, and its root and working directory are the supervisor's. `procOf` says where they are read.
   */
  isSupervisors: boolean;
  /** Its identity at each fork that was allowed, latest last: a child may be discovered at any later time. */
  readonly forkedAs: ForkedAs[];
  /** There were more than are kept. */
  hasForgottenRuns: boolean;
  /** The last of them is its present identity. */
  hasForked: boolean;
  /** A thread of it was allowed to fork and ended without another call: its child may be undiscovered. */
  hasLostForker: boolean;
  /** At least the number of children whose fork was allowed and that have not been discovered; some of them never will be. */
  unborn: number;
  /** The same for children of its own parent (CLONE_PARENT), whose parent in /proc is another process. */
  unbornSiblings: number;
  /** It may adopt orphans: it is a subreaper, or the first process of a pid namespace. */
  adopts: boolean;
  /** Its parent in /proc when it was discovered, if that was in the namespace. Forgotten when it has ended. */
  named: Process | undefined;
  /** Other processes that may have forked it; reported at its birth and then dropped. */
  otherParents: readonly Process[];
  /** It has, or has had since its last exec, more than one thread. */
  multithreaded: boolean;
  /** It shared its memory (CLONE_VM, vfork) with tasks that may go on using it when this process executes a program. */
  sharesMemory: boolean;
  /** Its root directory is the supervisor's; as of the last time it was read. */
  atOwnRoot: boolean;
  /** Once, its root directory, or that of a process it comes from, was another. In a canister it is not the runtime's own any more. */
  wasInside: boolean;
  /** It, or a process it comes from, has executed a program inside: in a canister, the first that is not of the runtime. */
  executedInside: boolean;
  /**
   * It has, or may have, a Landlock domain of its own, or one that it inherited: no call is to be made on its behalf. Never
   * reset, because the kernel removes no domain.
   */
  restrictsItself: boolean;
  /** A child of it that may have a domain may create siblings, whose parent in /proc is then this process. */
  hasRestrictedForker: boolean;
  /** The process whose fork created it, if that is certain. Forgotten when it has ended. */
  forker: Process | undefined;
  /** A thread of it was allowed to set its groups: which groups its children have is not known. */
  setsGroups: boolean;
  /** The credentials of its first thread at the start; its threads have the same groups as long as it does not set them. */
  rights: Rights | undefined;
}

/**
 * The directory in /proc under which the supervisor reads a thread's root, working directory and program. A process that still is
 * the supervisor's (`isSupervisors`) is closed to the supervisor as well, unless that is root; what it shares is read from `self`.
 */
export function procOf({ tid, process }: Pick<Thread, "tid" | "process">): string {
  return process.isSupervisors ? "/proc/self" : `/proc/${tid}`;
}

/** The credentials of a thread when they were read. */
export interface Rights {
  readonly credentials: Credentials;
  readonly groups: readonly number[];
  readonly serial: number;
}

/** The file that an exec is to run. */
export interface ExpectedProgram {
  /** Device and inode of the program that will run, interpreters resolved; "" if unknown. */
  readonly executable: string;
  /** /proc will show what runs: the task may read it, and its rights are the supervisor's. */
  readonly isShown: boolean;
}

export interface PendingExec extends ExpectedProgram {
  /** The thread that asked for it. */
  readonly tid: number;
  readonly next: Identity;
  readonly proof: ExecProof;
  /** The arguments it asked for; the kernel reads them again from memory. */
  readonly words: ExpectedWords;
}

/** One run of a program, which a child that was forked in it continues. */
export interface ForkedAs {
  readonly identity: Identity;
  readonly executable: string;
  /** See `ImageMarks`; undefined if it could not be read. */
  readonly mark: string | undefined;
}

export interface Thread extends ActingThread {
  readonly tid: number;
  readonly process: Process;
  readonly pidfd: number;
  credentials: Credentials;
  groups: readonly number[];
  credentialsSerial: number;
  credentialsStale: boolean;
  /** It has executed a program since they were read, which may have changed them (set-user-id, file capabilities). */
  mayHaveNewRights: boolean;
  /** Its start time, if no descriptor of it is kept: a number may be reused in the same process. */
  readonly started: string | undefined;
  /** The fork epoch in which this was last known to be the same thread. */
  certainSince: number;
}
