import type { Entry } from "../namespace/entry.ts";
import type { Threads } from "../namespace/threads.ts";

/** What every command gets. */
export interface Invocation {
  readonly entry: Entry;
  /** What follows the program's name. */
  readonly argv: readonly string[];
  /** Threads that were started ahead for a command that runs a workload. */
  readonly threads: Threads | undefined;
  /** Takes the exit status of a command, when it has one. */
  readonly ends: (status: Promise<number>) => Promise<void>;
}
