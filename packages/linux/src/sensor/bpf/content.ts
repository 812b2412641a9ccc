/**
 * The content of a file that the kernel half saw: found again by its path, and only believed if it is the same inode with
 * the same times and size. What is not there any more as it was seen is said to be so.
 */
import { openat2 } from "../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC, O_NOFOLLOW, O_PATH, S_IFMT, S_IFREG } from "../../abi/stat.ts";
import { type Content, NO_CONTENT } from "../content.ts";
import { openHow } from "../seccomp/bytes.ts";
import { classOfMagic, FileKnowledge } from "../seccomp/files.ts";
import type { UsedFile, UsingThread } from "../seccomp/inspection.ts";
import { Found } from "../seccomp/paths.ts";
import { SensedFile } from "../seccomp/sensed-file.ts";
import { pathTextOf } from "./objects.ts";
import { type SeenObject, standings } from "./record.ts";

const stay = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0);
const magic = openHow(O_PATH | O_CLOEXEC, 0, 0);
/** `stx_ctime` in `struct statx`: seconds, then nanoseconds. */
const CTIME_AT = 96;

export class SeenContent {
  readonly #files = new FileKnowledge(() => {});
  readonly #found = new Found();
  readonly #shown = new SensedFile(this.#files);

  /** The content that the kernel half saw, by SHA-256; where it is not to be had any more, why. */
  of(seen: SeenObject, pid: number): Content {
    const found = this.find(seen, pid, (found) => this.#files.contentOf(found, () => pathTextOf(seen)));
    if (typeof found === "object") return found;
    const isToBeHad = seen.standing === standings.here && isStored(seen);
    return isToBeHad ? { remark: { what: found, path: pathTextOf(seen) } } : NO_CONTENT;
  }

  /** Lets somebody inspect the very file, which has the name that the task knows; else how it was missed. */
  show(seen: SeenObject, { tid, process }: UsingThread, look: (file: UsedFile) => number): number | "changed" | "gone" {
    return this.find(seen, process.pid, (found) => look(this.#shown.of(found, { tid }, seen.path)));
  }

  /** Lets somebody look at the very file; where it is not there as it was, how that is. */
  find<T>(seen: SeenObject, pid: number, look: (found: Found) => T): T | "changed" | "gone" {
    let missing: "changed" | "gone" = "gone";
    for (const fd of candidates(seen.path, pid)) {
      if (fd < 0) continue;
      try {
        if (this.#found.adopt(fd, undefined) !== 0 || !isSameFile(this.#found, seen)) continue;
        if (isSameVersion(this.#found, seen)) return look(this.#found);
        missing = "changed";
      } finally {
        this.#found.close();
      }
    }
    return missing;
  }
}

/** Where a file may be found again, best first; each descriptor is opened when it is its turn. */
function* candidates(path: Buffer, pid: number): Generator<number> {
  const end = Buffer.of(0);
  yield openat2(AT_FDCWD, Buffer.concat([Buffer.from(`/proc/${pid}/root`), path, end]), stay);
  yield openat2(AT_FDCWD, Buffer.concat([path, end]), stay);
  yield openat2(AT_FDCWD, Buffer.concat([Buffer.from(`/proc/${pid}/exe`), end]), magic);
}

/** Regular files that are stored bytes; what the kernel makes up has no content. */
export function isStored({ mode, magic }: SeenObject): boolean {
  return (mode & S_IFMT) === S_IFREG && classOfMagic(magic) === "disk";
}

function isSameFile({ stat }: Found, seen: SeenObject): boolean {
  return BigInt(stat.inode) === seen.inode && stat.device === seen.device;
}

function isSameVersion({ stat }: Found, seen: SeenObject): boolean {
  return (
    BigInt(stat.size) === seen.size &&
    stat.bytes.readBigInt64LE(CTIME_AT) === seen.changedSeconds &&
    stat.bytes.readUInt32LE(CTIME_AT + 8) === seen.changedNanoseconds
  );
}
