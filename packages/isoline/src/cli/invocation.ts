import type { Entry } from "../namespace/entry.ts";
import type { Threads } from "../namespace/threads.ts";

/** The input of every command. */
export interface Invocation {
  readonly entry: Entry;
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  /** Threads that were started in advance for a command that runs a workload. */
  readonly threads: Threads | undefined;
  /** Receives the exit status of the command. */
  readonly ends: (status: Promise<number>) => Promise<void>;
}
