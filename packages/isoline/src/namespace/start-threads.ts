/** Threads for a namespace, where they were not started in advance. */
import { CliError } from "../error.ts";
import { canStartThreads, Threads } from "./threads.ts";

/** Refuses in a directory that has been removed: nothing could be supervised from there. */
export function startThreads(): Threads {
  if (!canStartThreads()) throw withoutDirectory();
  return new Threads();
}

export function withoutDirectory(): CliError {
  return new CliError(
    "cannot-read",
    "the working directory has been removed, or is closed to you; change to another one",
  );
}
