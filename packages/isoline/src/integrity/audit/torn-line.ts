/** The last line of a file of audit records, where it has no end: its writer was killed, or the disk was full. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { CliError } from "../../error.ts";

/** More than the longest record: a path and a command, in hexadecimal. */
const MOST_BYTES = 65_536;
const NEWLINE = 10;

interface TornLine {
  readonly bytes: Buffer;
  /** Where it begins. */
  readonly at: number;
}

/** Undefined where the file is empty or its last line is whole, and for a device. Throws `cannot-write` for another kind of file. */
export function tornLineOf(file: number, path: string): TornLine | undefined {
  const stat = fstatSync(file);
  if (!stat.isFile() || stat.size === 0) return undefined;
  const end = endOf(file, stat.size);
  const bytes = end.subarray(end.lastIndexOf(NEWLINE) + 1);
  if (bytes.length > MOST_BYTES)
    throw new CliError(
      "cannot-write",
      `cannot write the audit records ${path}: expected audit records, a line each, got ${stat.size} bytes that end in a line of more than ${MOST_BYTES} bytes; name another file`,
    );
  return bytes.length > 0 ? { bytes, at: stat.size - bytes.length } : undefined;
}

/** Writes over the end of a file that is open for appending. */
export function writeOver(file: number, bytes: Uint8Array, at: number): void {
  const fd = openSync(sameFile(file), "r+");
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
  } finally {
    closeSync(fd);
  }
}

/** One byte more than a line may have, if there are so many. */
function endOf(file: number, size: number): Buffer {
  const end = Buffer.alloc(Math.min(size, MOST_BYTES + 1));
  const fd = openSync(sameFile(file), "r");
  try {
    let read = 0;
    for (let more = -1; more !== 0 && read < end.length; ) {
      more = readSync(fd, end, read, end.length - read, size - end.length + read);
      read += more;
    }
    return end.subarray(0, read);
  } finally {
    closeSync(fd);
  }
}

/** Whatever its name leads to by now. */
function sameFile(file: number): string {
  return `/proc/self/fd/${file}`;
}
