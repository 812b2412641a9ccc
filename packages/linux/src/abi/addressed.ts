/** Datagrams with the address that they were sent to: an answer leaves from there. */
import { addressOf } from "./libc.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL, receiveMessage, sendMessage } from "./sockets.ts";

const [HEADER, PART, NAME, CONTROL] = [56, 16, 28, 256];
/** `struct cmsghdr`: u64 length with this head, s32 level, s32 type; each begins at a multiple of 8. */
const CONTROL_HEAD = 16;
/** By level and type: where the index of the interface lies (`struct in6_pktinfo`, `struct in_pktinfo`), after the head. */
const interfaces: Readonly<Record<string, number>> = { "41:50": 16, "0:8": 0 };

export interface AddressedDatagram {
  readonly bytes: Buffer;
  /** The sender's `struct sockaddr`. */
  readonly from: Buffer;
  /** The destination, as control data for the answer. */
  readonly to: Buffer;
}

/** The next datagram of a socket that reports destinations; undefined if there is none. A longer one than `most` is cut. */
export function receiveAddressed(socket: number, most: number): AddressedDatagram | undefined {
  const bytes: Buffer = Buffer.alloc(most);
  const name: Buffer = Buffer.alloc(NAME);
  const control: Buffer = Buffer.alloc(CONTROL);
  const { header, part } = describe(bytes, name, control);
  const length = receiveMessage(socket, header, MSG_DONTWAIT);
  // The description is in use until here.
  if (length < 0 || part.length === 0) return undefined;
  const received = control.subarray(0, Number(header.readBigUInt64LE(40)));
  return {
    bytes: bytes.subarray(0, length),
    from: Buffer.from(name.subarray(0, header.readUInt32LE(8))),
    to: destinationIn(received),
  };
}

/** Sends an answer without waiting: from the address that the question was sent to. One that does not fit is lost, as datagrams are. */
export function sendAddressed(
  socket: number,
  bytes: Buffer,
  { from, to }: Pick<AddressedDatagram, "from" | "to">,
): void {
  const { header, part } = describe(bytes, from, to);
  if (part.length > 0) sendMessage(socket, header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

function describe(bytes: Buffer, name: Buffer, control: Buffer): { header: Buffer; part: Buffer } {
  const header: Buffer = Buffer.alloc(HEADER);
  const part: Buffer = Buffer.alloc(PART);
  part.writeBigUInt64LE(addressOf(bytes), 0);
  part.writeBigUInt64LE(BigInt(bytes.length), 8);
  header.writeBigUInt64LE(addressOf(name), 0);
  header.writeUInt32LE(name.length, 8);
  header.writeBigUInt64LE(addressOf(part), 16);
  header.writeBigUInt64LE(1n, 24);
  if (control.length > 0) header.writeBigUInt64LE(addressOf(control), 32);
  header.writeBigUInt64LE(BigInt(control.length), 40);
  return { header, part };
}

/** The one control message that names the destination, for any interface. */
function destinationIn(control: Buffer): Buffer {
  for (let at = 0; at + CONTROL_HEAD <= control.length; ) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < CONTROL_HEAD || length > control.length - at) break;
    const index = interfaces[`${control.readInt32LE(at + 8)}:${control.readInt32LE(at + 12)}`];
    if (index !== undefined && CONTROL_HEAD + index + 4 <= length) {
      const found: Buffer = Buffer.alloc((length + 7) & ~7);
      control.copy(found, 0, at, at + length);
      found.writeInt32LE(0, CONTROL_HEAD + index);
      return found;
    }
    at += (length + 7) & ~7;
  }
  return Buffer.alloc(0);
}
