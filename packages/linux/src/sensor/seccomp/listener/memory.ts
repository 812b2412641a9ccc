/**
 * Reads memory of a stopped task as the kernel would read it.
 *
 * The kernel reads the arguments of a call through the task's page tables; `process_vm_readv` also requires that the mapping is
 * readable. A page that may only be written is readable for the kernel, so it is read here through /proc/TID/mem. Memory that
 * can be read neither way (memfd_secret) gives EFAULT: the caller answers the call with that error itself, and never lets it go
 * ahead.
 *
 * The bytes are those at this moment: another thread of the task may change them before the kernel reads them.
 * `docs/guarantees/seccomp.md` says what that means and how it is prevented.
 */
import { openHow, terminated } from "../../../abi/bytes.ts";
import { EFAULT, ENAMETOOLONG } from "../../../abi/errno.ts";
import { addressOf, close, openat2, pread, processVmReadv, processVmWritev } from "../../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC } from "../../../abi/stat.ts";
import { eachMapping } from "./maps.ts";

const PAGE = 4096;
/** PATH_MAX (linux/limits.h): longer strings are refused by the kernel itself. */
const PATH_MAX = 4096;
const LAST = 2n ** 64n - 1n;
const READ = openHow(O_CLOEXEC, 0, 0);

export class TaskMemory {
  readonly #bytes: Buffer = Buffer.alloc(2 * PAGE);
  readonly #local: Buffer = Buffer.alloc(16);
  readonly #remote: Buffer = Buffer.alloc(16 * 3);

  constructor() {
    this.#local.writeBigUInt64LE(addressOf(this.#bytes), 0);
  }

  /** The bytes that `read` and `string` fill in; the next read overwrites them. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Reads up to `length` bytes (at most 8192) at `address`; returns their number, or a negative errno. */
  read(tid: number, address: bigint, length: number): number {
    const got = this.#readable(tid, address, length);
    return got === length || (got < 0 && got !== -EFAULT) ? got : this.#readOn(tid, address, Math.max(got, 0), length);
  }

  /** Reads exactly `length` bytes; 0, or a negative errno. */
  exactly(tid: number, address: bigint, length: number): number {
    const got = this.read(tid, address, length);
    return got === length ? 0 : got < 0 ? got : -EFAULT;
  }

  /**
   * Reads a NUL-terminated string; returns its length without the NUL (which is left in `bytes`), or a negative errno: EFAULT
   * if the kernel would fail with it, ENAMETOOLONG, or EPERM/ESRCH if the task may not be inspected.
   */
  string(tid: number, address: bigint): number {
    const short = this.#endIn(this.#readable(tid, address, 256));
    if (short >= 0) return short;
    let got = this.#readable(tid, address, PATH_MAX);
    if (got < 0 && got !== -EFAULT) return got;
    const end = this.#endIn(got);
    if (end >= 0 || got === PATH_MAX) return end >= 0 ? end : -ENAMETOOLONG;
    got = this.#readOn(tid, address, Math.max(got, 0), PATH_MAX);
    if (got < 0) return got;
    const later = this.#endIn(got);
    return later >= 0 ? later : got < PATH_MAX ? -EFAULT : -ENAMETOOLONG;
  }

  /** Writes bytes where the kernel would write them for the call; returns their number, or a negative errno. */
  write(tid: number, address: bigint, bytes: Buffer): number {
    const [local, remote] = [Buffer.alloc(16), Buffer.alloc(16)];
    local.writeBigUInt64LE(addressOf(bytes), 0);
    local.writeUInt32LE(bytes.length, 8);
    remote.writeBigUInt64LE(address, 0);
    remote.writeUInt32LE(bytes.length, 8);
    return processVmWritev(tid, local, 1, remote, 1);
  }

  #endIn(length: number): number {
    return length > 0 ? this.#bytes.subarray(0, length).indexOf(0) : -1;
  }

  /**
   * Reads as far as the mappings are readable. One remote part for each page: the kernel returns the first pages even if the
   * next is not mapped.
   */
  #readable(tid: number, address: bigint, length: number): number {
    if (address + BigInt(length) > LAST) return -EFAULT;
    this.#local.writeUInt32LE(length, 8);
    let parts = 0;
    for (let done = 0; done < length; parts++) {
      const at = address + BigInt(done);
      const part = Math.min(length - done, PAGE - Number(at & 0xfffn));
      this.#remote.writeBigUInt64LE(at, 16 * parts);
      this.#remote.writeUInt32LE(part, 16 * parts + 8);
      done += part;
    }
    return processVmReadv(tid, this.#local, 1, this.#remote, parts);
  }

  /** Continues after the first `got` bytes; returns the new number, or EFAULT if there are none. */
  #readOn(tid: number, address: bigint, got: number, length: number): number {
    const all = got + readWritable(tid, address + BigInt(got), this.#bytes.subarray(got, length));
    return all > 0 || length === 0 ? all : -EFAULT;
  }
}

/**
 * Reads from `address` on as far as mappings are writable and not readable; returns the number of bytes, 0 if there are none.
 * /proc/TID/mem would also show mappings without any right, which the kernel itself cannot read. Where it shows nothing, as behind
 * most bad pointers, the mappings need not be looked at.
 */
function readWritable(tid: number, address: bigint, out: Buffer): number {
  const fd = openat2(AT_FDCWD, terminated(`/proc/${tid}/mem`), READ);
  if (fd < 0) return 0;
  const got = pread(fd, out, address);
  close(fd);
  return got <= 0 ? 0 : Math.min(got, writableFrom(tid, address, got));
}

/** How many bytes of the run of writable but unreadable mappings begin at `address`, as far as they are looked for. */
function writableFrom(tid: number, address: bigint, most: number): number {
  let end: bigint | undefined;
  eachMapping(tid, address, ({ from, to, rights }) => {
    const isNext = end === undefined ? from <= address : from === end;
    if (!isNext || !(rights[1] === "w" || (end !== undefined && rights[0] === "r"))) return false;
    end = to;
    return to < address + BigInt(most);
  });
  return end === undefined ? 0 : Number(end - address);
}

/**
 * Whether a mapping at an address has a right by which the kernel reads it for a call, where the supervisor may not be able to.
 * Where that cannot be told, it counts as one.
 */
export function isMapped(tid: number, address: bigint): boolean {
  let isReadable = false;
  const isTold = eachMapping(tid, address, ({ from, rights }) => {
    isReadable = from <= address && /^(?:r|.w)/.test(rights);
    return false;
  });
  return isReadable || !isTold;
}
