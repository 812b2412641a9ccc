/**
 * The mappings of a task, read from /proc/TID/maps as far as they are needed. A workload may have a million of them, so the file
 * is read in pieces, and no further than is asked for.
 */
import { openHow, terminated } from "../../../abi/bytes.ts";
import { close, openat2, pread } from "../../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC } from "../../../abi/stat.ts";

export interface Mapping {
  readonly from: bigint;
  readonly to: bigint;
  /** As `rw-p`. */
  readonly rights: string;
  readonly inode: string;
  /** Both addresses, as /proc/TID/map_files names the mapping. */
  readonly range: string;
}

const READ = openHow(O_CLOEXEC, 0, 0);
/** A line may be longer than this, since a path in this file may: then the rest of the file is not told. */
const PIECE = Buffer.alloc(65_536);
/** About as many lines as a process may have mappings (vm.max_map_count, 65530 where it was not raised). */
const MOST_BYTES = 6 * 1024 * 1024;
/** For a process with many more. */
export const MANY_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;
const DASH = 0x2d;

/**
 * Calls `use` for each mapping that ends beyond an address, in order, until it returns false. Whether the rest was seen as well, or was
 * not needed: false if the file cannot be read, or is longer than is read.
 */
export function eachMapping(
  tid: number,
  beyond: bigint,
  use: (mapping: Mapping) => boolean,
  most: number = MOST_BYTES,
): boolean {
  const fd = openat2(AT_FDCWD, terminated(`/proc/${tid}/maps`), READ);
  if (fd < 0) return false;
  try {
    return readOn(fd, Number(beyond), most, (line) => use(mappingIn(line)));
  } finally {
    close(fd);
  }
}

function readOn(fd: number, beyond: number, most: number, use: (line: string) => boolean): boolean {
  let kept = 0;
  for (let at = 0; at < most && kept < PIECE.length; ) {
    const got = pread(fd, PIECE.subarray(kept), at);
    if (got <= 0) return got === 0;
    at += got;
    const piece = PIECE.subarray(0, kept + got);
    let begin = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, begin)) {
      const isNeeded = endOf(piece, begin) > beyond;
      if (isNeeded && !use(piece.toString("latin1", begin, end))) return true;
      begin = end + 1;
    }
    piece.copyWithin(0, begin);
    kept = piece.length - begin;
  }
  return false;
}

/** The second address of a line; of those that a task can map, each is exact as a number. */
function endOf(piece: Buffer, begin: number): number {
  let at = piece.indexOf(DASH, begin) + 1;
  let address = 0;
  for (let digit = digitOf(piece[at]); digit >= 0; digit = digitOf(piece[++at])) address = address * 16 + digit;
  return address;
}

function digitOf(letter = 0): number {
  if (letter >= 0x30 && letter <= 0x39) return letter - 0x30;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function mappingIn(line: string): Mapping {
  const [range = "", rights = "", , , inode = ""] = line.split(" ", 5);
  const [from, to] = range.split("-");
  return { from: BigInt(`0x${from || "0"}`), to: BigInt(`0x${to || "0"}`), rights, inode, range };
}
