/**
 * Reads whole files of /proc. Node's own file functions cost several times what the kernel takes to generate them, and the
 * supervisor reads them for every new process.
 */
import { readFileSync } from "node:fs";
import { close, openat2, read } from "../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC } from "../abi/stat.ts";
import { openHow, terminated } from "../abi/bytes.ts";

const bytes: Buffer = Buffer.alloc(16_384);
const READ = openHow(O_CLOEXEC, 0, 0);

/** The text of a file; undefined if it does not exist, may not be read, or disappears while it is read. */
export function readProcFile(path: string): string | undefined {
  const fd = openat2(AT_FDCWD, terminated(path), READ);
  if (fd < 0) return undefined;
  const length = read(fd, bytes);
  close(fd);
  if (length < 0) return undefined;
  return length < bytes.length ? bytes.toString("latin1", 0, length) : readLong(path);
}

/** A buffer for a file with more groups than fit. */
function readLong(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
