/**
 * The call that is being decided, read in place from `struct seccomp_notif`.
 *
 *   0 u64 id   8 u32 pid   12 u32 flags   16 i32 nr   20 u32 arch   24 u64 ip   32 u64 args[6]
 */
import { NOTIF_SIZE } from "../../../abi/seccomp.ts";

export class Notification {
  readonly bytes: Buffer = Buffer.alloc(NOTIF_SIZE);
  readonly #words = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, NOTIF_SIZE / 4);
  readonly #signed = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, NOTIF_SIZE / 4);
  readonly #wide = new BigUint64Array(this.bytes.buffer, this.bytes.byteOffset, NOTIF_SIZE / 8);

  /** The thread that stopped, in the supervisor's pid namespace; 0 if it is not visible there. */
  get tid(): number {
    return this.#words[2] as number;
  }
  get number(): number {
    return this.#words[4] as number;
  }
  get arch(): number {
    return this.#words[5] as number;
  }
  /**
   * An argument as the kernel reads a pointer or a size: all 64 bits, because user addresses may exceed 2^53 (five-level page
   * tables).
   */
  pointer(index: number): bigint {
    return this.#wide[4 + index] as bigint;
  }
  isNull(index: number): boolean {
    return this.#words[8 + 2 * index] === 0 && this.#words[9 + 2 * index] === 0;
  }
  /** An argument as the kernel reads an int (a descriptor, a pid). */
  int(index: number): number {
    return this.#signed[8 + 2 * index] as number;
  }
  /** An argument as the kernel reads an unsigned int (flags, a mode, an id). */
  u32(index: number): number {
    return this.#words[8 + 2 * index] as number;
  }
}
