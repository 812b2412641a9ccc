/**
 * Who acts, as every sensor tells it: a thread, its process, and what code the process is.
 */
import type { Digest } from "@isoline/core";

/** A task identity as the sensor keeps it: with a small number for raw keys and the names that led to it. */
export interface Identity {
  readonly serial: number;
  readonly id: Digest;
  readonly parentId: Digest;
  readonly program: string;
  readonly chain: readonly string[];
}

/** A process as whoever decides needs to know it, whichever sensor it acts under. */
export interface ActingProcess {
  readonly pid: number;
  /** Never reused, unlike the pid; what the engine knows the process by. */
  readonly handle: number;
  readonly parent: ActingProcess | undefined;
  /** -1 where no descriptor of it is kept. */
  readonly pidfd: number;
  readonly identity: Identity;
  /** Who else may have forked it; told at its birth and then forgotten. */
  readonly otherParents: readonly ActingProcess[];
  /** It has, or had since its last exec, more than one thread. */
  readonly multithreaded: boolean;
  /** It is in a pid namespace of its own, whose proc mounts show it as another than ours do, and us not at all. */
  readonly countsAnew: boolean;
  /** Its root directory is ours; as of the last time it was looked at. */
  readonly atOwnRoot: boolean;
}

export interface ActingThread {
  readonly tid: number;
  readonly process: ActingProcess;
}
