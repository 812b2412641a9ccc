/**
 * The sockets of the calling thread's network with a local port, as the kernel's monitoring interface lists them: sock_diag(7).
 *
 * /proc/net/tcp lists the same, but the kernel walks its whole table of connections for each reading.
 */
import { close } from "./libc.ts";
import { rawCall } from "./raw-call.ts";
import { connect, MSG_DONTWAIT } from "./sockets.ts";

/** x86-64 system call numbers (arch/x86/entry/syscalls/syscall_64.tbl). */
const NR = { socket: 41, sendto: 44, recvfrom: 45 } as const;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
/** linux/netlink.h, linux/sock_diag.h */
const NETLINK_SOCK_DIAG = 4;
const NLMSG_DONE = 3;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;
/** `struct nlmsghdr`: u32 length, u16 type, u16 flags, u32 sequence, u32 port. */
const HEADER_BYTES = 16;
/** `struct inet_diag_req_v2` (linux/inet_diag.h): u8 family, u8 protocol, u8 extensions, u8 pad, u32 states, the socket's id. */
const REQUEST_BYTES = 56;
/** `struct inet_diag_sockid` begins with be16 local port, be16 remote port, be32[4] local address. */
const ID_AT = 8;
/** `struct inet_diag_msg`: u8 family, u8 state, u8 timer, u8 retransmits, the socket's id of 48 bytes, then u32 fields. */
const REPLY = { bytes: 72, local: 8, inode: 68 } as const;
/** include/net/tcp_states.h */
const TCP_LISTEN = 10;
const ANY_STATE = 0xffff_ffff;
const REPLIES_AT_MOST = 1024;

export const AF_INET = 2;
export const AF_INET6 = 10;

export interface ListedSocket {
  /** The local address in network byte order, in hexadecimal digits: 8 (AF_INET) or 32 (AF_INET6). */
  readonly local: string;
  readonly inode: number;
}

type Family = typeof AF_INET | typeof AF_INET6;

const protocols = { tcp: { number: 6, states: 1 << TCP_LISTEN }, udp: { number: 17, states: ANY_STATE } } as const;

/**
 * TCP sockets that listen at a port, or UDP sockets that have it. Undefined if the kernel cannot list them (it is built without
 * this interface, or without it for the family), or if the list changed while the kernel made it.
 */
export function socketsAt(protocol: keyof typeof protocols, family: Family, port: number): ListedSocket[] | undefined {
  const { number, states } = protocols[protocol];
  const request: Buffer = Buffer.alloc(HEADER_BYTES + REQUEST_BYTES);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST | NLM_F_DUMP, 6);
  request.writeUInt8(family, HEADER_BYTES);
  request.writeUInt8(number, HEADER_BYTES + 1);
  request.writeUInt32LE(states, HEADER_BYTES + 4);
  request.writeUInt16BE(port, HEADER_BYTES + ID_AT);
  // Connected to port 0, the kernel: no process, a privileged one included, can send to it.
  const kernel: Buffer = Buffer.alloc(12);
  kernel.writeUInt16LE(AF_NETLINK, 0);
  const socket = rawCall(NR.socket, [AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG]);
  if (socket < 0) return undefined;
  try {
    if (connect(socket, kernel) < 0) return undefined;
    if (rawCall(NR.sendto, [socket, request, request.length, 0]) !== request.length) return undefined;
    return received(socket, family);
  } finally {
    close(socket);
  }
}

const reply: Buffer = Buffer.alloc(32_768);

function received(socket: number, family: Family): ListedSocket[] | undefined {
  const all: ListedSocket[] = [];
  for (let times = 0; times < REPLIES_AT_MOST; times++) {
    const length = rawCall(NR.recvfrom, [socket, reply, reply.length, MSG_DONTWAIT]);
    if (length <= 0) return undefined;
    const page = readListing(reply.subarray(0, length), family);
    if (page === undefined) return undefined;
    all.push(...page.sockets);
    if (page.isLast) return all;
  }
  return undefined;
}

/** What one datagram of the kernel's answer lists. Undefined for an error, an interrupted listing, and bytes that are no answer. */
export function readListing(
  bytes: Buffer,
  family: Family,
): { readonly sockets: readonly ListedSocket[]; readonly isLast: boolean } | undefined {
  const sockets: ListedSocket[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    if (length < HEADER_BYTES || length > bytes.length - at) return undefined;
    if ((bytes.readUInt16LE(at + 6) & NLM_F_DUMP_INTR) !== 0) return undefined;
    const type = bytes.readUInt16LE(at + 4);
    if (type === NLMSG_DONE) return { sockets, isLast: true };
    const message = bytes.subarray(at + HEADER_BYTES, at + length);
    if (type !== SOCK_DIAG_BY_FAMILY || message.length < REPLY.bytes || message[0] !== family) return undefined;
    const local = message.toString("hex", REPLY.local, REPLY.local + (family === AF_INET ? 4 : 16));
    sockets.push({ local, inode: message.readUInt32LE(REPLY.inode) });
    // Messages begin at multiples of four bytes.
    at += (length + 3) & ~3;
  }
  return { sockets, isLast: false };
}
