/**
 * Memory that is shared with the kernel, as ArrayBuffers over it.
 *
 * A view outlives neither `munmap` nor a change of protection: touching it then kills the whole process (SIGSEGV). JavaScript cannot
 * take a view back; that an unmapped ArrayBuffer still exists, and is collected later, does no harm. So the owner of a mapping gives
 * no view of it to others but by a getter that refuses once the mapping is closed.
 */
import koffi from "koffi";

const libc = koffi.load(null);
const mmapCall = libc.func("mmap", "uint64", ["uint64", "size_t", "int", "int", "int", "int64"]);
const munmapCall = libc.func("munmap", "int", ["uint64", "size_t"]);

export const PROT_READ = 1;
export const PROT_WRITE = 2;
const PROT_NONE = 0;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_FAILED = 2n ** 64n - 1n;

/** The bytes at an address of this process. */
export function viewOf(address: bigint, length: number): ArrayBuffer {
  return koffi.view(address, length) as ArrayBuffer;
}

/** Memory that is mapped until it is unmapped. */
export class Mapping {
  /** Neither this nor a view of it may be touched any more once it is unmapped. */
  readonly bytes: ArrayBuffer;
  readonly #address: bigint;
  readonly #length: number;
  #isMapped = true;

  constructor(address: bigint, length: number) {
    this.#address = address;
    this.#length = length;
    this.bytes = viewOf(address, length);
  }

  /** Once: by then something else may be mapped there. */
  unmap(): void {
    if (this.#isMapped) munmapCall(this.#address, this.#length);
    this.#isMapped = false;
  }
}

/** Maps `length` bytes of a descriptor, shared; undefined if the kernel refuses (`koffi.errno` has the reason). */
export function mapShared(fd: number, length: number, protection: number, offset: number): Mapping | undefined {
  const address = asAddress(mmapCall(0, length, protection, MAP_SHARED, fd, offset));
  return address === MAP_FAILED ? undefined : new Mapping(address, length);
}

/** Maps `length` bytes of a descriptor read-only, and directly behind them the first `again` bytes a second time. */
export function mapRound(fd: number, length: number, again: number, offset: number): Mapping | undefined {
  const start = asAddress(mmapCall(0, length + again, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (start === MAP_FAILED) return undefined;
  const whole = new Mapping(start, length + again);
  for (const [at, bytes] of [
    [start, length],
    [start + BigInt(length), again],
  ] as const) {
    if (asAddress(mmapCall(at, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, fd, offset)) === at) continue;
    whole.unmap();
    return undefined;
  }
  return whole;
}

/** koffi returns a number if it is exact, otherwise a bigint. */
function asAddress(value: unknown): bigint {
  return BigInt(value as number | bigint);
}
