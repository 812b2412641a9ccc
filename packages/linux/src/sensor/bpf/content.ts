/**
 * The content of a file that the kernel half saw: found again by its path, and only believed if it is the same inode with
 * the same times and size.
 */
import type { Digest } from "@isoline/core";
import { openat2 } from "../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC, O_NOFOLLOW, O_PATH } from "../../abi/stat.ts";
import { openHow } from "../seccomp/bytes.ts";
import { FileKnowledge } from "../seccomp/files.ts";
import { Found } from "../seccomp/paths.ts";
import type { SeenObject } from "./record.ts";

const stay = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0);
const magic = openHow(O_PATH | O_CLOEXEC, 0, 0);
/** `stx_ctime` in `struct statx`: seconds, then nanoseconds. */
const CTIME_AT = 96;

export class SeenContent {
  readonly #files = new FileKnowledge(() => {});
  readonly #found = new Found();

  /** SHA-256 of the content that the kernel half saw; undefined if it is not to be had any more, or has none. */
  of(seen: SeenObject, pid: number): Digest | undefined {
    for (const fd of candidates(seen.path, pid)) {
      if (fd < 0) continue;
      try {
        if (this.#found.adopt(fd, undefined) === 0 && isSame(this.#found, seen))
          return this.#files.contentOf(this.#found);
      } finally {
        this.#found.close();
      }
    }
    return undefined;
  }
}

/** Where a file may be found again, best first; each descriptor is opened when it is its turn. */
function* candidates(path: Buffer, pid: number): Generator<number> {
  const end = Buffer.of(0);
  yield openat2(AT_FDCWD, Buffer.concat([Buffer.from(`/proc/${pid}/root`), path, end]), stay);
  yield openat2(AT_FDCWD, Buffer.concat([path, end]), stay);
  yield openat2(AT_FDCWD, Buffer.concat([Buffer.from(`/proc/${pid}/exe`), end]), magic);
}

function isSame({ stat }: Found, seen: SeenObject): boolean {
  return (
    BigInt(stat.inode) === seen.inode &&
    stat.device === seen.device &&
    BigInt(stat.size) === seen.size &&
    stat.bytes.readBigInt64LE(CTIME_AT) === seen.changedSeconds &&
    stat.bytes.readUInt32LE(CTIME_AT + 8) === seen.changedNanoseconds
  );
}
