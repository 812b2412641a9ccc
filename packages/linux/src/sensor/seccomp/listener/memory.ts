/**
 * Bytes out of a stopped task's memory.
 *
 * What is read here is only what the pointer showed at this moment: another thread of the task may change it before the
 * kernel looks. `docs/guarantees.md` says what that means and what closes it.
 */
import { addressOf, processVmReadv } from "../../../abi/libc.ts";
import { EFAULT, ENAMETOOLONG } from "../../../abi/errno.ts";

const PAGE = 4096;
/** PATH_MAX (linux/limits.h): longer strings are refused by the kernel itself. */
const PATH_MAX = 4096;

/** Beyond any address of a task (five-level page tables: Documentation/arch/x86/x86_64/5level-paging.rst), and exact in a number. */
const ADDRESSES_END = 2 ** 56;

export class TaskMemory {
  readonly #bytes: Buffer = Buffer.alloc(2 * PAGE);
  readonly #local: Buffer = Buffer.alloc(16);
  readonly #remote: Buffer = Buffer.alloc(32);

  constructor() {
    this.#local.writeBigUInt64LE(addressOf(this.#bytes), 0);
  }

  /** The view that `read` and `string` fill; the next read overwrites it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Reads up to `length` bytes (at most 8192) at `address`; how many, or a negative errno. */
  read(tid: number, address: number, length: number): number {
    if (address + length > ADDRESSES_END) return -EFAULT;
    this.#setLength(this.#local, length);
    // Two remote parts, split at the page border: the kernel gives what the first holds even if the second is not mapped.
    const first = Math.min(length, PAGE - (address % PAGE));
    this.#setPart(0, address, first);
    this.#setPart(16, address + first, length - first);
    return processVmReadv(tid, this.#local, 1, this.#remote, length > first ? 2 : 1);
  }

  /** Reads exactly `length` bytes; 0, or a negative errno. */
  exactly(tid: number, address: number, length: number): number {
    if (address === 0) return -EFAULT;
    const got = this.read(tid, address, length);
    return got === length ? 0 : got < 0 ? got : -EFAULT;
  }

  /**
   * Reads a NUL-terminated string; its length without the NUL (the NUL is left in `bytes`), or a negative errno: EFAULT
   * where the kernel would see one, ENAMETOOLONG, or EPERM/ESRCH where the task cannot be looked into.
   */
  string(tid: number, address: number): number {
    if (address === 0) return -EFAULT;
    let got = this.read(tid, address, 256);
    if (got < 0) return got;
    let end = this.#bytes.subarray(0, got).indexOf(0);
    if (end >= 0) return end;
    got = this.read(tid, address, PATH_MAX);
    if (got < 0) return got;
    end = this.#bytes.subarray(0, got).indexOf(0);
    if (end >= 0) return end;
    return got < PATH_MAX ? -EFAULT : -ENAMETOOLONG;
  }

  #setLength(iovec: Buffer, length: number): void {
    iovec.writeUInt32LE(length, 8);
  }

  #setPart(at: number, address: number, length: number): void {
    this.#remote.writeUInt32LE(address % 2 ** 32, at);
    this.#remote.writeUInt32LE(Math.floor(address / 2 ** 32), at + 4);
    this.#remote.writeUInt32LE(length, at + 8);
    this.#remote.writeUInt32LE(0, at + 12);
  }
}
