/** Places that only root and this user can have written. */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { CliError } from "../error.ts";

const OTHERS = 0o077;

/** Refuses a directory that another user could write or read, with `unsafe-place`. `also` gets its descriptor. */
export function assertOwn(directory: string, also: (fd: number) => void = () => {}): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    assertOwnFile(directory, fd);
    also(fd);
  } finally {
    closeSync(fd);
  }
}

/** The same for an open file. */
export function assertOwnFile(path: string, fd: number): void {
  const { uid, mode } = fstatSync(fd);
  if ((uid !== 0 && uid !== process.geteuid?.()) || (mode & OTHERS) !== 0)
    throw new CliError(
      "unsafe-place",
      `${path}: expected a place of root's or yours that is closed to others; correct its owner or mode`,
    );
}
