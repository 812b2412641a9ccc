/** The interface of every sensor: it runs until the namespace ends, and knows the processes in it. */
import type { ActingProcess } from "./acting.ts";

/** Why `run` returned. */
export type Ending = "ended" | "stopped";

/** A process of isoline that starts something in the namespace of another isoline process. */
export interface Joining {
  readonly pid: number;
  /** Its start time (`startTime`): another process may have its pid by now. */
  readonly started: string;
  /** The listener of the filter under which it starts processes, owned by the sensor from now on; undefined if it has none. */
  readonly listener: number | undefined;
}

export interface Sensor {
  /** The known processes that have not been found to have ended. */
  readonly processes: Iterable<ActingProcess>;
  /** Of bpf: whether it is told of acts once they have happened, by tracepoints. */
  readonly isToldAfterwards?: boolean;
  /** The process of the namespace that acts under a pid. It may have ended since, and its pid be another one's. */
  actor(pid: number): ActingProcess | undefined;
  /** The process with a pid, if it is in the namespace. */
  find(pid: number): ActingProcess | undefined;
  /** The process whose directory is /proc/PID, or was when it was used: an ended process has one until its parent waits for it. */
  owner(pid: number): ActingProcess | undefined;
  /**
   * The pid of the process that a number means in the pid namespace of an actor, given by the actor's pid; undefined if none is
   * known.
   */
  pidCalled(actor: number, number: number): number | undefined;
  /** Signals a process of the namespace, and none that has its pid by now. */
  signal(process: ActingProcess, signal: number): void;
  /** Removes processes that have ended. */
  sweep(): void;
  /** Whether the namespace has ended, where the kernel may not say so by itself; `run` returns then. */
  lookForEnd?(): boolean;
  /** From now on no task of the namespace may use this file, whatever it calls it and whatever the contour says; if it can do that. */
  keep?(device: number, inode: number): boolean;
  /** The contour permits more than before: what was refused by an earlier verdict is decided again. */
  amended?(): void;
  /** Whether a living process is in a namespace, where the kernel knows that better than what the sensor was told; true if unsure. */
  isMember?(pid: number): boolean;
  /** Whether a living process is in this namespace and no other, where the kernel knows it. */
  has?(pid: number): boolean;
  /** Takes in the processes that another isoline process starts; false if they are not accepted. */
  join(joining: Joining): boolean;
}
