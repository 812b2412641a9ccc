/** What every sensor is to its owner: it runs until the namespace is over, and knows who lives in it. */
import type { ActingProcess } from "./acting.ts";

/** Why `run` came back. */
export type Ending = "ended" | "stopped";

/** A process of ours that brings something into a namespace which is another's. */
export interface Joining {
  readonly pid: number;
  /** When it started (`startTime`): what has its number by now may be another. */
  readonly started: string;
  /** The listener of the filter that it starts things under, ours from now on; undefined where it has none. */
  readonly listener: number | undefined;
}

export interface Sensor {
  /** The processes that were heard of and are not known to be gone. */
  readonly processes: Iterable<ActingProcess>;
  /** The process of a pid, if it is in the namespace. */
  find(pid: number): ActingProcess | undefined;
  /** The process whose directory /proc/PID is, or was when it was used: one that has ended is there until its parent takes note. */
  owner(pid: number): ActingProcess | undefined;
  /** The pid of whom a number means in the pid namespace of an actor, itself given by its pid; undefined if nobody is known. */
  pidCalled(actor: number, number: number): number | undefined;
  /** Forgets processes that are gone. */
  sweep(): void;
  /** Takes in what another process of ours starts; false where it is not taken. */
  join(joining: Joining): boolean;
}
