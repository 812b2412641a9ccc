/** Files that are written when a workload has ended: what is wrong with them is said before it starts. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { CliError } from "../../error.ts";

/** Refuses a path that could not be written: nobody wants to learn that after an hour. */
export function assertWritable(path: string): void {
  const directory = dirname(path);
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (fault) {
    throw new CliError("cannot-write", `cannot write ${path}: ${reason(fault)} (${directory})`, { cause: fault });
  }
  if (isDirectory(path)) throw new CliError("cannot-write", `cannot write ${path}: it is a directory; name a file`);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function reason(fault: unknown): string {
  const { code } = fault as NodeJS.ErrnoException;
  return code === "ENOENT" ? "its directory is not there" : "its directory cannot be written to";
}
