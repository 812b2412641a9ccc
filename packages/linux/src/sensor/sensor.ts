/** What every sensor is to its owner: it runs until the namespace is over, and knows who lives in it. */
import type { ActingProcess } from "./seccomp/actors.ts";

/** Why `run` came back. */
export type Ending = "ended" | "stopped";

export interface Sensor {
  /** The processes that were heard of and are not known to be gone. */
  readonly processes: Iterable<ActingProcess>;
  /** The process of a pid, if it is in the namespace. */
  find(pid: number): ActingProcess | undefined;
  /** Forgets processes that are gone. */
  sweep(): void;
  /** Takes in what another launching thread starts, by its listener; false where there are none, or it is not taken. */
  join(listener: number, launcher: number): boolean;
}
