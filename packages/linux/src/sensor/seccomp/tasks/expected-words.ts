/**
 * The arguments with which an exec was decided, to be compared with those that the kernel used: another thread may change them
 * in between.
 *
 * /proc/TID/cmdline shows the memory where the kernel put them, which the new program may write to. It is read when that
 * program makes its first mediated call: a program that is loaded by ld.so makes some before its own code runs.
 */
import { openHow, terminated } from "../../../abi/bytes.ts";
import { addressOf, close, openat2, pread, processVmReadv } from "../../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC } from "../../../abi/stat.ts";
import type { FirstImage } from "../../../process/proc-status.ts";

const READ = openHow(O_CLOEXEC, 0, 0);
/** More than is ever compared (`MOST_BYTES`), and the beginning of the next word. */
export const MOST_BYTES = 1 << 18;
const shown: Buffer = Buffer.alloc(MOST_BYTES + 1);

export class ExpectedWords {
  readonly #bytes: Buffer;
  readonly #areAll: boolean;

  /** The first words, in order; `areAll` if there are no more. */
  constructor(words: readonly Buffer[], areAll: boolean) {
    this.#bytes = Buffer.alloc(words.reduce((length, word) => length + word.length + 1, 0));
    let end = 0;
    for (const word of words) end += word.copy(this.#bytes, end) + 1;
    this.#areAll = areAll;
  }

  /** Whether the program that a thread runs was called with these; `place`: where they seem to be. */
  areThoseOf(tid: number, place: FirstImage["words"]): boolean {
    const most = this.#bytes.length + 1;
    return (
      (place !== undefined && this.#areShown(read(tid, place, most))) || this.#areShown(readCommandLine(tid, most))
    );
  }

  #areShown(length: number): boolean {
    const wanted = this.#bytes.length;
    if (length < wanted || (this.#areAll && length !== wanted)) return false;
    return shown.compare(this.#bytes, 0, wanted, 0, wanted) === 0;
  }
}

const local: Buffer = Buffer.alloc(16);
const remote: Buffer = Buffer.alloc(16);
local.writeBigUInt64LE(addressOf(shown), 0);

/** Reads what /proc/TID/cmdline would show, in a quarter of the time; how many bytes, or a negative errno. */
function read(tid: number, { from, length }: NonNullable<FirstImage["words"]>, most: number): number {
  const wanted = Math.min(length, most);
  local.writeUInt32LE(wanted, 8);
  remote.writeBigUInt64LE(from, 0);
  remote.writeUInt32LE(wanted, 8);
  return processVmReadv(tid, local, 1, remote, 1);
}

/** How many bytes; -1 if it cannot be opened. */
function readCommandLine(tid: number, most: number): number {
  const fd = openat2(AT_FDCWD, terminated(`/proc/${tid}/cmdline`), READ);
  if (fd < 0) return -1;
  const got = pread(fd, shown.subarray(0, most), 0n);
  close(fd);
  return got;
}
