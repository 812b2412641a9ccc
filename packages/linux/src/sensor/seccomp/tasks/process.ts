/**
 * Threads and processes as the seccomp sensor keeps them.
 */
import type { Credentials } from "@isoline/core";
import type { ActingProcess, ActingThread, Identity } from "../../acting.ts";
import type { ExecProof } from "./exec-proof.ts";
import type { ExpectedWords } from "./expected-words.ts";

export interface Process extends ActingProcess {
  readonly pid: number;
  /** Never reused, unlike the pid; what the engine knows the process by. */
  readonly handle: number;
  readonly parent: Process | undefined;
  /** -1 where no descriptor could be had; then `started` tells this process from the next with its number. */
  readonly pidfd: number;
  readonly started: string | undefined;
  /** It is in a pid namespace of its own, whose proc mounts show it as another than ours do, and us not at all. */
  readonly countsAnew: boolean;
  identity: Identity;
  /** Execs that were let through and have neither been seen to succeed nor to fail; more than one only among threads. */
  pendingExecs: PendingExec[];
  /** Device and inode of the executable, by which children of a dead parent are matched. */
  executable: string;
  /** It has executed nothing since it was forked, and its first thread is the one that was: the kernel says that by a flag. */
  isUnexecuted: boolean;
  /** What it was each time that it was let fork, latest last: a child may come to light at any time after. */
  readonly forkedAs: ForkedAs[];
  /** There were more than are kept. */
  hasForgottenRuns: boolean;
  /** The last of them is what it is now. */
  hasForked: boolean;
  /** A thread of it was let fork and ended without another call: its child may have been met by nobody. */
  hasLostForker: boolean;
  /** At least as many as the children that it was let fork and that have not been heard of; some of them never will be. */
  unborn: number;
  /** The same for children of its own parent (CLONE_PARENT), of which /proc names another as the parent. */
  unbornSiblings: number;
  /** Orphans may come to it: it is a subreaper, or the first process of a pid namespace. */
  adopts: boolean;
  /** Whom /proc named as its parent when it came to light, if that was one of ours. */
  readonly named: Process | undefined;
  /** Who else may have forked it; told at its birth and then forgotten. */
  otherParents: readonly Process[];
  /** It has, or had since its last exec, more than one thread. */
  multithreaded: boolean;
  /** It let others use its memory (CLONE_VM, vfork), who may go on using it when this process executes something. */
  sharesMemory: boolean;
  /** Its root directory is ours; as of the last time it was looked at. */
  atOwnRoot: boolean;
  /**
   * It has, or may have, a Landlock domain of its own, or one that it was born with: no call is to be made on its behalf.
   * Never taken back, because the kernel takes no domain back.
   */
  restrictsItself: boolean;
  /** A child of it that may have a domain may make siblings of itself, which /proc then names this process's children. */
  hasRestrictedForker: boolean;
  /** Whose fork made it, where that is certain. */
  readonly forker: Process | undefined;
  /** A thread of it was let set its groups: which of its children have which is not known. */
  setsGroups: boolean;
  /** What its first thread began with; of that, its threads have the same groups as long as it does not set them. */
  rights: Rights | undefined;
}

/** What a thread acts with, as it was looked at. */
export interface Rights {
  readonly credentials: Credentials;
  readonly groups: readonly number[];
  readonly serial: number;
}

export interface PendingExec {
  /** The thread that asked for it. */
  readonly tid: number;
  readonly next: Identity;
  /** Device and inode of the program that will run, interpreters resolved; "" where that is not known. */
  readonly executable: string;
  readonly proof: ExecProof;
  /** What it was asked to be called with; the kernel took it from memory once more. */
  readonly words: ExpectedWords;
}

/** One run of a program, which a child that was forked from it goes on with. */
export interface ForkedAs {
  readonly identity: Identity;
  readonly executable: string;
  /** See `ImageMarks`; undefined where nothing was to be seen. */
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
  /** It has executed something since they were looked at, which may have given it others (set-user-id, file capabilities). */
  mayHaveNewRights: boolean;
  /** When it began, where no descriptor of it is kept: a number may come again in the same process. */
  readonly started: string | undefined;
  /** The fork epoch in which this was last known to be the same thread. */
  certainSince: number;
}
