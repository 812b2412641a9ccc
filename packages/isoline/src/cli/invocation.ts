import type { Entry } from "../namespace/entry.ts";

/** What every command gets. */
export interface Invocation {
  readonly entry: Entry;
  /** What follows the program's name. */
  readonly argv: readonly string[];
  /** Takes the exit status of a command, when it has one. */
  readonly ends: (status: Promise<number>) => Promise<void>;
}
