/**
 * Which error comes first, where a call is known to fail.
 *
 * The sensor predicts an error from what it found: nothing is there, the name exists, an address is bad. The kernel checks
 * flags, sizes and other arguments in an order of its own and may fail with another error before it comes that far. So the
 * same call is made with the same arguments where nothing can come of it:
 *
 *   a path         a name in a directory that has been removed, in which nothing can ever be      ENOENT
 *   a descriptor   -1                                                                             EBADF
 *   what is in memory   a copy of ours; what cannot be read, an address where nothing is mapped   EFAULT
 *
 * What it fails with is the answer, unless it is the error that such a stand-in itself gives: then the prediction is.
 */
import { mkdtempSync, openSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { terminated } from "../../../abi/bytes.ts";
import { EBADF, ENAMETOOLONG, ENOENT } from "../../../abi/errno.ts";
import { addressOf } from "../../../abi/libc.ts";
import { rawCall, type Word } from "../../../abi/raw-call.ts";
import { type Syscall, syscallNumbers } from "../../../abi/syscalls.ts";
import { TaskMemory } from "./memory.ts";
import type { Listener } from "./notification.ts";

type Call = Listener["call"];

/**
 * Arguments of a call, a letter each:
 *
 *   d  directory of the path that comes next      p  path      f  descriptor
 *   n  string that is no path                     w  word, passed as it is
 *   a  struct timespec[2] or timeval[2]           b  struct utimbuf
 *   v  bytes, as many as the next argument says   s  struct, as many bytes as the next argument says
 *   x  struct xattr_args, as many bytes as the next argument says
 */
const kinds: Partial<Record<Syscall, string>> = {
  open: "pww",
  openat: "dpww",
  openat2: "dpsw",
  creat: "pw",
  mkdir: "pw",
  mkdirat: "dpw",
  mknod: "pww",
  mknodat: "dpww",
  symlink: "np",
  symlinkat: "ndp",
  link: "pp",
  linkat: "dpdpw",
  unlink: "p",
  unlinkat: "dpw",
  rmdir: "p",
  rename: "pp",
  renameat: "dpdp",
  renameat2: "dpdpw",
  truncate: "pw",
  chmod: "pw",
  fchmod: "fw",
  fchmodat: "dpw",
  fchmodat2: "dpww",
  chown: "pww",
  lchown: "pww",
  fchown: "fww",
  fchownat: "dpwww",
  setxattr: "pnvww",
  lsetxattr: "pnvww",
  fsetxattr: "fnvww",
  setxattrat: "dpwnxw",
  removexattr: "pn",
  lremovexattr: "pn",
  fremovexattr: "fn",
  removexattrat: "dpwn",
  file_setattr: "dpsww",
  utime: "pb",
  utimes: "pa",
  futimesat: "dpa",
  utimensat: "dpaw",
};

const kindsByNumber: ReadonlyMap<number, string> = new Map(
  Object.entries(kinds).map(([name, letters]) => [syscallNumbers[name as Syscall], letters]),
);

/** Nothing is mapped there (vm.mmap_min_addr), and it is no null pointer. */
const UNMAPPED = 8;
/** XATTR_SIZE_MAX (linux/limits.h) is more than the copy holds; a longer value is refused for its size before it is read. */
const MOST_COPIED = 8192;
const VALUE = Buffer.alloc(65_536);
const TOO_LONG = Buffer.alloc(4097, "a");
const SLASH = 0x2f;
const SIZES: Readonly<Record<string, number>> = { a: 32, b: 16 };

export class FirstError {
  readonly #grave = removedDirectory();
  readonly #memory = new TaskMemory();
  readonly #value = addressOf(VALUE);

  /** The errno that the call fails with, given the one that is predicted for it; 0 where it succeeds and does nothing. */
  of(call: Call, predicted: number): number {
    const letters = kindsByNumber.get(call.number);
    if (letters === undefined || this.#grave === undefined) return predicted;
    const words: Word[] = [];
    for (let index = 0; index < letters.length; index++) words.push(this.#standIn(call, letters, index, words));
    const result = rawCall(call.number, words);
    return result === -ENOENT || result === -EBADF ? predicted : Math.max(-result, 0);
  }

  #standIn(call: Call, letters: string, index: number, words: Word[]): Word {
    const letter = letters[index];
    switch (letter) {
      case "f":
        return -1;
      case "d":
        // The call is about the descriptor itself where the path that follows is empty or absent.
        return this.#path(call, index + 1) === "none" ? -1 : (this.#grave as Grave).fd;
      case "p": {
        const path = this.#path(call, index);
        if (path === "none") return call.isNull(index) ? 0 : terminated("");
        if (path === "unreadable") return UNMAPPED;
        if (path === "too-long") return TOO_LONG;
        // Without a directory of its own, the path has to say where.
        const where = letters[index - 1] === "d" ? "" : `${(this.#grave as Grave).path}/`;
        return terminated(`${where}x${path === "slash" ? "/" : ""}`);
      }
      case "n":
        return this.#copyOfString(call, index);
      case "a":
      case "b":
        return this.#copy(call, index, SIZES[letter] as number);
      case "v":
      case "s":
        return this.#copy(call, index, call.pointer(index + 1));
      case "x":
        return this.#xattrArguments(call, index);
      default:
        return words.length === index ? call.pointer(index) : 0;
    }
  }

  #path(call: Call, index: number): "none" | "unreadable" | "too-long" | "slash" | "plain" {
    if (call.isNull(index)) return "none";
    const length = this.#memory.string(call.tid, call.pointer(index));
    if (length === -ENAMETOOLONG) return "too-long";
    if (length <= 0) return length === 0 ? "none" : "unreadable";
    return this.#memory.bytes[length - 1] === SLASH ? "slash" : "plain";
  }

  #copyOfString(call: Call, index: number): Word {
    const length = this.#memory.string(call.tid, call.pointer(index));
    if (length === -ENAMETOOLONG) return TOO_LONG;
    return length < 0 ? UNMAPPED : Buffer.from(this.#memory.bytes.subarray(0, length + 1));
  }

  /** A null pointer stays one. Of more than is copied the kernel only looks at the size. */
  #copy(call: Call, index: number, size: number | bigint): Word {
    if (call.isNull(index)) return 0;
    if (size > MOST_COPIED) return VALUE;
    const length = Number(size);
    if (this.#memory.exactly(call.tid, call.pointer(index), length) < 0) return UNMAPPED;
    return Buffer.from(this.#memory.bytes.subarray(0, Math.max(length, 1)));
  }

  /** linux/xattr.h: u64 address of the value, u32 size, u32 flags; the address is the task's, so ours stands in for it. */
  #xattrArguments(call: Call, index: number): Word {
    const copy = this.#copy(call, index, call.pointer(index + 1));
    if (!(copy instanceof Buffer) || copy.length < 16 || copy === VALUE) return copy;
    const readable = this.#memory.read(call.tid, copy.readBigUInt64LE(0), 1) === 1;
    copy.writeBigUInt64LE(readable ? this.#value : BigInt(UNMAPPED), 0);
    return copy;
  }
}

interface Grave {
  readonly fd: number;
  /** Leads to the directory by the descriptor, for calls that take a path alone. */
  readonly path: string;
}

/** A directory that has been removed: nothing is in it, and nothing can be made in it. Undefined where none could be made. */
function removedDirectory(): Grave | undefined {
  for (const place of [tmpdir(), "/tmp", "/dev/shm", "/var/tmp"]) {
    try {
      const path = mkdtempSync(join(place, "isoline-"));
      const fd = openSync(path, "r");
      rmdirSync(path);
      return { fd, path: `/proc/self/fd/${fd}` };
    } catch {
      // The next place may be writable.
    }
  }
  return undefined;
}
