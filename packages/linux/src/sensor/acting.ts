/** The actor as every sensor describes it: a thread, its process, and the code that the process runs. */
import type { Digest } from "@isoline/core/digest";

/** A task identity as the sensor keeps it: with a small number for raw keys and the names of the programs that led to it. */
export interface Identity {
  readonly serial: number;
  readonly id: Digest;
  readonly parentId: Digest;
  readonly program: string;
  readonly chain: readonly string[];
}

/** A process as the mediator needs to know it, independent of the sensor. */
export interface ActingProcess {
  readonly pid: number;
  /** Never reused, unlike the pid; the engine identifies the process by it. */
  readonly handle: number;
  readonly parent: ActingProcess | undefined;
  /** The handle of its parent, also of one that has ended, where the sensor is told it; 0 is the supervisor. */
  readonly parentHandle?: number;
  /** -1 if no descriptor of the process is kept. */
  readonly pidfd: number;
  readonly identity: Identity;
  /** Other processes that may have forked it; reported at its birth and then dropped. */
  readonly otherParents: readonly ActingProcess[];
  /** It has, or has had since its last exec, more than one thread. */
  readonly multithreaded: boolean;
  /** It is in a pid namespace of its own, whose proc mounts number processes differently and do not show the supervisor. */
  readonly countsAnew: boolean;
  /** Its root directory is the supervisor's; as of the last time it was read. */
  readonly atOwnRoot: boolean;
}

export interface ActingThread {
  readonly tid: number;
  readonly process: ActingProcess;
}
