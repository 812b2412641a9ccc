/** Passing descriptors over a Unix socket (SCM_RIGHTS, unix(7)), one with each message of one byte. */
import { addressOf } from "./libc.ts";
import { MSG_NOSIGNAL, receiveMessage, sendMessage } from "./sockets.ts";

/** `struct msghdr`; `struct iovec`; `struct cmsghdr` with one descriptor: u64 length, s32 level, s32 type, s32 descriptor. */
const [HEADER, PART, CONTROL] = [56, 16, 24];
const CONTROL_LENGTH = 20;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const EBADMSG = 74;

class Message {
  readonly header: Buffer = Buffer.alloc(HEADER);
  readonly control: Buffer = Buffer.alloc(CONTROL);
  readonly byte: Buffer = Buffer.alloc(1);
  readonly #part: Buffer = Buffer.alloc(PART);

  constructor() {
    this.#part.writeBigUInt64LE(addressOf(this.byte), 0);
    this.#part.writeBigUInt64LE(1n, 8);
    this.header.writeBigUInt64LE(addressOf(this.#part), 16);
    this.header.writeBigUInt64LE(1n, 24);
    this.header.writeBigUInt64LE(addressOf(this.control), 32);
    this.header.writeBigUInt64LE(BigInt(CONTROL), 40);
  }
}

/** Sends a descriptor, or, for a negative number, a message without one; the number of bytes sent, or a negative errno. */
export function sendDescriptor(socket: number, descriptor: number): number {
  const message = new Message();
  if (descriptor < 0) message.header.writeBigUInt64LE(0n, 40);
  message.control.writeBigUInt64LE(BigInt(CONTROL_LENGTH), 0);
  message.control.writeInt32LE(SOL_SOCKET, 8);
  message.control.writeInt32LE(SCM_RIGHTS, 12);
  message.control.writeInt32LE(descriptor, 16);
  return sendMessage(socket, message.header, MSG_NOSIGNAL);
}

/** A descriptor that was sent, close-on-exec; a negative errno if there is no message, or one without a descriptor. */
export function receiveDescriptor(socket: number): number {
  const message = new Message();
  const length = receiveMessage(socket, message.header, MSG_CMSG_CLOEXEC);
  if (length < 0) return length;
  const isOne =
    length === 1 &&
    message.header.readBigUInt64LE(40) >= BigInt(CONTROL_LENGTH) &&
    message.control.readInt32LE(8) === SOL_SOCKET &&
    message.control.readInt32LE(12) === SCM_RIGHTS;
  return isOne ? message.control.readInt32LE(16) : -EBADMSG;
}
