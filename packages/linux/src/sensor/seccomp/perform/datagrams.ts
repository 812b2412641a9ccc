/**
 * Sends datagrams in place of a task: on a duplicate of its socket, with the supervisor's copies of address, content and
 * control data.
 */
import { addressOf } from "../../../abi/libc.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL, sendMessage } from "../../../abi/sockets.ts";
import { routeMessages } from "../../words/requests.ts";
import type { TaskMemory } from "../listener/memory.ts";

/** Bytes in a task's memory. */
interface Range {
  readonly address: bigint;
  readonly length: bigint;
}

/** Several, as an array of `struct iovec`. */
interface Parts {
  readonly parts: bigint;
  readonly count: bigint;
}

/** A message as the task describes it. */
export interface Described {
  /** The destination address, as copied. */
  readonly name: Buffer | undefined;
  readonly content: Range | Parts;
  readonly control: Range | undefined;
}

/** sizeof(struct msghdr), of struct iovec. */
const HEADER = 56;
const PART = 16;
/** UIO_MAXIOV: the kernel accepts no more parts. */
export const MOST_PARTS = 1024n;
/** Upper bound of an internet datagram, and of data that is split into several (net/ipv4/udp.c). */
const MOST_BYTES = 0xffffn;
/** Longer control data is refused, as the kernel does (net.core.optmem_max, which is 128 KiB unless it was raised). */
export const MOST_CONTROL = 131_072n;
/** MAX_RW_COUNT: a longer part is cut to this (lib/iov_iter.c, import_ubuf). */
const MOST_AT_ONCE = 0x7fff_f000n;
const MOST_POSITIVE = 2n ** 63n - 1n;
/** The most that one read of a task's memory returns. */
const PIECE = 8192;
/** An unmapped address, so that the kernel reports EFAULT when it gets there, and errors of earlier checks before. */
const UNMAPPED = 8n;
/** With these flags the kernel would read the memory after the call. */
export const MSG_ZEROCOPY = 0x400_0000;

/** A message in the supervisor's memory. */
export class Datagram {
  readonly #header = Buffer.alloc(HEADER);
  #control: Buffer | undefined;
  /** The buffers that the header points to. */
  readonly #kept: Buffer[] = [];

  private constructor() {}

  /** A socket that did not ask for it (SO_ZEROCOPY) sends as without the flag. */
  static canBeSentWith(flags: number, isZeroCopy: () => boolean): boolean {
    return (flags & MSG_ZEROCOPY) === 0 || !isZeroCopy();
  }

  /** Copies a message of a stopped task. A part that cannot be read is left out, so that sending fails as the task's own call would. */
  static of(memory: TaskMemory, tid: number, { name, content, control }: Described): Datagram {
    const datagram = new Datagram();
    const header = datagram.#header;
    if (name) {
      datagram.#point(header, 0, name);
      header.writeUInt32LE(name.length, 8);
    }
    if ("parts" in content) datagram.#takeParts(memory, tid, content);
    else datagram.#takeContent(memory, tid, [{ ...content, length: smaller(content.length, MOST_AT_ONCE) }]);
    if (control) {
      datagram.#control = copyOf(memory, tid, control);
      datagram.#point(header, 32, datagram.#control);
      header.writeBigUInt64LE(control.length, 40);
    }
    return datagram;
  }

  /** The control data that is sent with it. */
  get control(): Buffer | undefined {
    return this.#control;
  }

  /** Sends it without blocking; returns the number of bytes sent, or a negative errno. */
  send(fd: number, flags: number): number {
    return sendMessage(fd, this.#header, (flags & ~MSG_ZEROCOPY) | MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  #takeParts(memory: TaskMemory, tid: number, { parts, count }: Parts): void {
    const length = count * BigInt(PART);
    const array = count > MOST_PARTS ? undefined : copyOf(memory, tid, { address: parts, length });
    if (array) {
      const part = (at: number): Range => ({
        address: array.readBigUInt64LE(at),
        length: array.readBigUInt64LE(at + 8),
      });
      this.#takeContent(
        memory,
        tid,
        Array.from({ length: Number(count) }, (_, index) => part(index * PART)),
      );
      return;
    }
    this.#header.writeBigUInt64LE(UNMAPPED, 16);
    this.#header.writeBigUInt64LE(count, 24);
  }

  #takeContent(memory: TaskMemory, tid: number, ranges: readonly Range[]): void {
    // One length that is negative to the kernel (ssize_t) makes the whole call fail.
    const isNegative = ranges.some((range) => range.length > MOST_POSITIVE);
    const length = isNegative ? MOST_POSITIVE + 1n : ranges.reduce((sum, range) => sum + range.length, 0n);
    const pieces = length > MOST_BYTES ? [undefined] : ranges.map((range) => copyOf(memory, tid, range));
    const isWhole = pieces.every((piece) => piece !== undefined);
    const part = Buffer.alloc(PART);
    this.#point(part, 0, isWhole ? Buffer.concat(pieces) : undefined);
    part.writeBigUInt64LE(BigInt.asUintN(64, length), 8);
    this.#point(this.#header, 16, part);
    this.#header.writeBigUInt64LE(1n, 24);
  }

  #point(structure: Buffer, offset: number, to: Buffer | undefined): void {
    if (to) this.#kept.push(to);
    structure.writeBigUInt64LE(to && to.length > 0 ? addressOf(to) : UNMAPPED, offset);
  }
}

/** `struct cmsghdr`: u64 length with this head, s32 level, s32 type; each begins at a multiple of 8. */
const CONTROL_HEAD = 16;

/** Whether control data says by what way the packet goes. */
export function hasRoute(control: Buffer | undefined): boolean {
  for (let at = 0; control !== undefined && at + CONTROL_HEAD <= control.length; ) {
    if (routeMessages.get(control.readInt32LE(at + 8))?.includes(control.readInt32LE(at + 12))) return true;
    const length = control.readBigUInt64LE(at);
    // The kernel refuses all of it (EINVAL).
    if (length < BigInt(CONTROL_HEAD) || length > BigInt(control.length - at)) return false;
    at += (Number(length) + 7) & ~7;
  }
  return false;
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

/** Bytes of a task's memory; undefined if they cannot be read. */
export function copyOf(memory: TaskMemory, tid: number, range: Range): Buffer | undefined {
  const length = Number(range.length);
  const copy = Buffer.alloc(length);
  for (let done = 0; done < length; done += PIECE) {
    const part = Math.min(PIECE, length - done);
    if (memory.exactly(tid, range.address + BigInt(done), part) < 0) return undefined;
    memory.bytes.copy(copy, done, 0, part);
  }
  return copy;
}
