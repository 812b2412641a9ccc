/** Files that are written when a workload has ended: what is wrong with them is said before it starts. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { CliError } from "../error.ts";
import { isSpecial } from "./durable-file.ts";

/** Refuses a path that could not be written: nobody wants to learn that after an hour. */
export function assertWritable(path: string): void {
  if (isDirectory(path)) throw new CliError("cannot-write", `cannot write ${path}: it is a directory; name a file`);
  if (isSpecial(path)) return assertAccess(path, path, constants.W_OK, "it cannot be written to");
  assertAccess(path, dirname(path), constants.W_OK | constants.X_OK, "its directory cannot be written to");
}

/** `place` is what has to allow it. */
function assertAccess(path: string, place: string, mode: number, otherwise: string): void {
  try {
    accessSync(place, mode);
  } catch (fault) {
    const why = (fault as NodeJS.ErrnoException).code === "ENOENT" ? "its directory is not there" : otherwise;
    throw new CliError("cannot-write", `cannot write ${path}: ${why} (${place})`, { cause: fault });
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
