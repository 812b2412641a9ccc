/**
 * Determines which error the kernel reports first, for a call that is known to fail.
 *
 * The sensor predicts an error from what it found: a file does not exist, a name exists, an address is bad. The kernel checks
 * flags, sizes and other arguments in its own order and may fail with another error earlier. So the same call is made with the
 * same arguments, except for stand-ins with which it can have no effect:
 *
 *   a path         a name in a directory that has been removed, in which nothing can exist       ENOENT
 *   a descriptor   -1                                                                             EBADF
 *   a process      a number larger than any process can have                                      ESRCH
 *   memory         a copy in the supervisor; if it cannot be read, an unmapped address            EFAULT
 *
 * The error of that call is the answer, unless it is the error that the stand-in itself causes: then the predicted error is.
 */
import { fchmodSync, mkdtempSync, openSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { terminated } from "../../../abi/bytes.ts";
import { EBADF, EFAULT, ENAMETOOLONG, ENOENT, ENOTSOCK, ESRCH } from "../../../abi/errno.ts";
import { addressOf } from "../../../abi/libc.ts";
import { rawCall, type Word } from "../../../abi/raw-call.ts";
import { type Syscall, syscallNumbers } from "../../../abi/syscalls.ts";
import { TaskMemory } from "./memory.ts";
import type { Listener } from "./notification.ts";

type Call = Listener["call"];

/**
 * Arguments of a call, one letter each:
 *
 *   d  directory of the path that follows         p  path      f  descriptor
 *   n  string that is not a path                  w  word, passed unchanged
 *   a  struct timespec[2] or timeval[2]           b  struct utimbuf
 *   v  bytes, as many as the next argument says   s  struct, as many bytes as the next argument says
 *   x  struct xattr_args, as many bytes as the next argument says
 *   i  process or thread                          z  not read before the error: null
 *   o  struct iovec[], as many as the next argument says
 *   m  mask of processors, as many bytes as the argument before says
 *   k  mask of memory nodes, as many bits as argument 1 says
 *   u  never readable, too long, or null          c  descriptor whose sign counts
 *   l  data up to the end of what is mapped: only whether there is any counts
 *   g  siginfo_t          r  struct rlimit64      q  struct sched_param        t  struct sched_attr
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
  execve: "pzz",
  execveat: "dpzzw",
  bind: "fvw",
  connect: "fvw",
  accept4: "fzzw",
  chroot: "p",
  pivot_root: "pp",
  mount: "npnwl",
  umount2: "pw",
  open_tree: "dpw",
  open_tree_attr: "dpwsw",
  move_mount: "dpdpw",
  fsopen: "uw",
  fspick: "dpw",
  fsconfig: "cwuuw",
  mount_setattr: "dpwsw",
  acct: "p",
  swapon: "pw",
  swapoff: "p",
  kill: "iw",
  tkill: "iw",
  tgkill: "iiw",
  rt_sigqueueinfo: "iwg",
  rt_tgsigqueueinfo: "iiwg",
  pidfd_send_signal: "fwgw",
  ptrace: "wiww",
  process_vm_readv: "iowoww",
  process_vm_writev: "iowoww",
  pidfd_getfd: "fww",
  prlimit64: "iwrz",
  setpriority: "wiw",
  ioprio_set: "wiw",
  sched_setparam: "iq",
  sched_setscheduler: "iwq",
  sched_setattr: "itw",
  sched_setaffinity: "iwm",
  migrate_pages: "iwkk",
  move_pages: "iwwwww",
  process_madvise: "fowww",
  process_mrelease: "fw",
  fanotify_mark: "fwwdp",
};

const kindsByNumber: ReadonlyMap<number, string> = new Map(
  Object.entries(kinds).map(([name, letters]) => [syscallNumbers[name as Syscall], letters]),
);

/** An address that is not mapped (vm.mmap_min_addr) and is not the null pointer. */
const UNMAPPED = 8;
/** PID_MAX_LIMIT (linux/threads.h) is 2^22; the negative of this is not the number of a group either. */
const NO_PROCESS = 0x7fff_ffff;
/** XATTR_SIZE_MAX (linux/limits.h), which exceeds every other limit here: a longer value is refused for its size before it is read. */
const MOST_COPIED = 65_536;
/** More descriptors than any process may have open (fs.nr_open, at most 2^30). */
const NO_DESCRIPTOR = 0x7fff_ffff;
const VALUE = Buffer.alloc(MOST_COPIED);
const IOVEC_BYTES = 16n;
/** Bits for 8192 processors, the most that a kernel of x86-64 is built for. */
const MOST_PROCESSOR_BYTES = 1024n;
/** SCHED_ATTR_SIZE_VER0 (linux/sched/types.h): what a size of 0 means. */
const FIRST_SCHED_ATTR = 48;
const TOO_LONG = Buffer.alloc(4097, "a");
/** The most that one read returns. */
const PIECE = 8192;
const SLASH = 0x2f;
const SIZES: Readonly<Record<string, number>> = { a: 32, b: 16, g: 128, r: 16, q: 4 };
/** The errors that the stand-ins cause by themselves. */
const OWN_ERRORS = new Set([-ENOENT, -EBADF, -ESRCH]);

type PathKind = "none" | "unreadable" | "too-long" | "slash" | "plain";

/** Of all namespaces of the thread, for good: to make one for each takes a descriptor, and waits where a file system is frozen. */
let standIn: RemovedDirectory | undefined;

export class FirstError {
  readonly #removed: RemovedDirectory | undefined;
  readonly #memory = new TaskMemory();
  #predicted = 0;
  /** Paths by the number of their argument, as read for this call: at a second look another thread may have changed them. */
  readonly #paths = new Map<number, PathKind>();
  readonly #value = addressOf(VALUE);

  /** Without `makesFiles`, there is a stand-in only if another namespace of the thread has made it. */
  constructor(makesFiles = true) {
    if (makesFiles) standIn ??= removedDirectory();
    this.#removed = standIn;
  }

  /**
   * The errno that the call fails with, given the predicted one; 0 if it succeeds without effect. `make` makes the call with
   * the rights of the task, with which the kernel may refuse earlier.
   */
  of(call: Call, predicted: number, make: (call: () => number) => number): number {
    const letters = kindsByNumber.get(call.number);
    if (letters === undefined || this.#removed === undefined) return predicted;
    this.#predicted = predicted;
    this.#paths.clear();
    const words: Word[] = [];
    for (let index = 0; index < letters.length; index++) words.push(this.#standIn(call, letters, index, words));
    const result = make(() => rawCall(call.number, words));
    return OWN_ERRORS.has(result) ? this.#expected() : Math.max(-result, 0);
  }

  /** The predicted error; a path that could not be read may have been too long. */
  #expected(): number {
    const kinds = [...this.#paths.values()];
    const isTooLong = kinds.includes("too-long") && !kinds.includes("unreadable");
    return this.#predicted === EFAULT && isTooLong ? ENAMETOOLONG : this.#predicted;
  }

  #standIn(call: Call, letters: string, index: number, words: Word[]): Word {
    const letter = letters[index];
    switch (letter) {
      case "f":
        // The directory is not a socket either.
        return this.#predicted === ENOTSOCK ? (this.#removed as RemovedDirectory).fd : -1;
      case "i":
        return call.int(index) < 0 ? -NO_PROCESS : NO_PROCESS;
      case "z":
        return 0;
      case "u":
        if (call.isNull(index)) return 0;
        return this.#memory.string(call.tid, call.pointer(index)) === -ENAMETOOLONG ? TOO_LONG : UNMAPPED;
      case "l":
        return call.isNull(index) || this.#memory.read(call.tid, call.pointer(index), 1) === 1 ? 0 : UNMAPPED;
      case "c":
        return call.int(index) < 0 ? -1 : NO_DESCRIPTOR;
      case "d":
        // If the path that follows is empty or absent, the call acts on the descriptor itself (AT_EMPTY_PATH).
        if (this.#path(call, index + 1) === "none" || this.#predicted === EBADF) return -1;
        return (this.#removed as RemovedDirectory).fd;
      case "p": {
        const path = this.#path(call, index);
        if (path === "none") return call.isNull(index) ? 0 : terminated("");
        if (path === "unreadable") return UNMAPPED;
        if (path === "too-long") return TOO_LONG;
        // If the call takes no directory, the path has to contain it.
        const where = letters[index - 1] === "d" ? "" : `${(this.#removed as RemovedDirectory).path}/`;
        return terminated(`${where}x${path === "slash" ? "/" : ""}`);
      }
      case "n":
        return this.#copyOfString(call, index);
      case "a":
      case "b":
      case "g":
      case "r":
      case "q":
        return this.#copy(call, index, BigInt(SIZES[letter] as number));
      case "v":
      case "s":
        return this.#copy(call, index, call.pointer(index + 1));
      case "o":
        return this.#copy(call, index, BigInt.asUintN(60, call.pointer(index + 1)) * IOVEC_BYTES);
      case "m":
        return this.#copy(call, index, smaller(BigInt(call.u32(index - 1)), MOST_PROCESSOR_BYTES));
      case "k":
        return this.#copy(call, index, nodeBytes(call.pointer(1)));
      case "t":
        return this.#schedulingAttributes(call, index);
      case "x":
        return this.#xattrArguments(call, index);
      default:
        return words.length === index ? call.pointer(index) : 0;
    }
  }

  #path(call: Call, index: number): PathKind {
    const known = this.#paths.get(index) ?? this.#readPath(call, index);
    this.#paths.set(index, known);
    return known;
  }

  #readPath(call: Call, index: number): PathKind {
    if (call.isNull(index)) return "none";
    const length = this.#memory.string(call.tid, call.pointer(index));
    if (length === -ENAMETOOLONG) return "too-long";
    if (length <= 0) return length === 0 ? "none" : "unreadable";
    return this.#memory.bytes[length - 1] === SLASH ? "slash" : "plain";
  }

  #copyOfString(call: Call, index: number): Word {
    const length = this.#memory.string(call.tid, call.pointer(index));
    if (length === -ENAMETOOLONG) return TOO_LONG;
    if (length < 0) return call.isNull(index) ? 0 : UNMAPPED;
    return Buffer.from(this.#memory.bytes.subarray(0, length + 1));
  }

  /** A null pointer stays one. If the size is more than the kernel copies, it only checks the size. */
  #copy(call: Call, index: number, size: bigint): Word {
    if (call.isNull(index)) return 0;
    if (size > MOST_COPIED) return VALUE;
    const length = Number(size);
    const copy = Buffer.alloc(Math.max(length, 128));
    for (let done = 0; done < length; done += PIECE) {
      const part = Math.min(length - done, PIECE);
      if (this.#memory.exactly(call.tid, call.pointer(index) + BigInt(done), part) < 0) return UNMAPPED;
      this.#memory.bytes.copy(copy, done, 0, part);
    }
    return copy;
  }

  /** The size is the first word; the kernel writes the size that it accepts there, in the supervisor's copy. */
  #schedulingAttributes(call: Call, index: number): Word {
    const first = this.#copy(call, index, 4n);
    if (!(first instanceof Buffer)) return first;
    const size = first.readUInt32LE(0);
    const copy = this.#copy(call, index, BigInt(size || FIRST_SCHED_ATTR));
    // The size was read twice: with another the kernel would read beyond the copy.
    if (copy instanceof Buffer && copy !== VALUE) copy.writeUInt32LE(size, 0);
    return copy;
  }

  /** linux/xattr.h: u64 address of the value, u32 size, u32 flags. The address is the task's, so the supervisor's copy replaces it. */
  #xattrArguments(call: Call, index: number): Word {
    const copy = this.#copy(call, index, call.pointer(index + 1));
    if (!(copy instanceof Buffer) || copy.length < 16 || copy === VALUE) return copy;
    const readable = this.#memory.read(call.tid, copy.readBigUInt64LE(0), 1) === 1;
    copy.writeBigUInt64LE(readable ? this.#value : BigInt(UNMAPPED), 0);
    return copy;
  }
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

/** mm/mempolicy.c, get_nodes: one bit less than the argument says, in words of 64. */
function nodeBytes(bits: bigint): bigint {
  return bits === 0n ? 0n : ((bits - 1n + 63n) / 64n) * 8n;
}

interface RemovedDirectory {
  readonly fd: number;
  /** The path of the directory through the descriptor, for calls that take only a path. */
  readonly path: string;
}

/** A directory that has been removed: it is empty, and nothing can be created in it. Undefined if none could be made. */
function removedDirectory(): RemovedDirectory | undefined {
  for (const place of [tmpdir(), "/tmp", "/dev/shm", "/var/tmp"]) {
    try {
      const path = mkdtempSync(join(place, "isoline-"));
      const fd = openSync(path, "r");
      // Every task has all rights on it; nothing can be created in it all the same.
      fchmodSync(fd, 0o777);
      rmdirSync(path);
      return { fd, path: `/proc/self/fd/${fd}` };
    } catch {
      // The next place may be writable.
    }
  }
  return undefined;
}
