/**
 * The arguments with which an exec was decided, to be compared with those that the kernel used: another thread may change them
 * in between.
 *
 * /proc/TID/cmdline shows the memory where the kernel put them, which the new program may write to. It is read when that
 * program makes its first mediated call: a program that is loaded by ld.so makes some before its own code runs.
 */
import { openHow, terminated } from "../../../abi/bytes.ts";
import { close, openat2, pread } from "../../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC } from "../../../abi/stat.ts";

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

  /** Whether the program that a thread runs was called with these. */
  areThoseOf(tid: number): boolean {
    const fd = openat2(AT_FDCWD, terminated(`/proc/${tid}/cmdline`), READ);
    if (fd < 0) return false;
    const wanted = this.#bytes.length;
    const got = pread(fd, shown.subarray(0, wanted + 1), 0n);
    close(fd);
    if (got < wanted || (this.#areAll && got !== wanted)) return false;
    return shown.compare(this.#bytes, 0, wanted, 0, wanted) === 0;
  }
}
