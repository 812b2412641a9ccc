/** Setting up an empty network namespace in which every address is local. */
import { close, ioctl } from "./libc.ts";
import { rawCall } from "./raw-call.ts";
import { openSocket, receive, send, SOCK_DGRAM } from "./sockets.ts";

const [AF_INET, AF_INET6, AF_NETLINK] = [2, 10, 16];
const NR_SETSOCKOPT = 54;
const SOCK_RAW = 3;
/** linux/sockios.h, linux/if.h */
const SIOCSIFFLAGS = 0x8914;
const IFREQ_BYTES = 40;
const IFF_UP = 1;
const LOOPBACK_INDEX = 1;
/** linux/rtnetlink.h, linux/netlink.h */
const RTM_NEWROUTE = 24;
const NLM_F_REQUEST_ACK_CREATE = 0x1 | 0x4 | 0x400;
const [RT_TABLE_LOCAL, RTPROT_STATIC, RT_SCOPE_HOST, RTN_LOCAL] = [255, 4, 254, 2];
const RTA_OIF = 4;
/** linux/in.h, linux/in6.h: the address that a datagram was sent to comes with it. */
const [IPPROTO_IP, IP_PKTINFO] = [0, 8];
const [IPPROTO_IPV6, IPV6_RECVPKTINFO] = [41, 49];

/** The interface `lo` goes up; 0 or a negative errno. */
export function raiseLoopback(): number {
  const socket = openSocket(AF_INET, SOCK_DGRAM);
  if (socket < 0) return socket;
  const request: Buffer = Buffer.alloc(IFREQ_BYTES);
  request.write("lo");
  request.writeInt16LE(IFF_UP, 16);
  const result = ioctl(socket, SIOCSIFFLAGS, request);
  close(socket);
  return result;
}

/** Routes every address of both families to this host; false if not even those of IPv4 are. */
export function addLocalRoutes(): boolean {
  const isDone = addLocalRoute(AF_INET);
  addLocalRoute(AF_INET6);
  return isDone;
}

/**
 * `struct nlmsghdr`: u32 length, u16 type, u16 flags, u32 sequence, u32 port. `struct rtmsg`: u8 family, destination and source
 * length, tos, table, protocol, scope, type; u32 flags. `struct rtattr`: u16 length, u16 type, then the index of the interface.
 */
function addLocalRoute(family: number): boolean {
  const message: Buffer = Buffer.alloc(36);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(RTM_NEWROUTE, 4);
  message.writeUInt16LE(NLM_F_REQUEST_ACK_CREATE, 6);
  message.set([family, 0, 0, 0, RT_TABLE_LOCAL, RTPROT_STATIC, RT_SCOPE_HOST, RTN_LOCAL], 16);
  message.writeUInt16LE(8, 28);
  message.writeUInt16LE(RTA_OIF, 30);
  message.writeUInt32LE(LOOPBACK_INDEX, 32);
  const socket = openSocket(AF_NETLINK, SOCK_RAW);
  if (socket < 0) return false;
  const answer: Buffer = Buffer.alloc(256);
  // The kernel answers before `send` returns. `struct nlmsgerr` begins with the error, 0 for success.
  const isTaken = send(socket, message) === message.length && receive(socket, answer) >= 20;
  close(socket);
  return isTaken && answer.readInt32LE(16) === 0;
}

/** From now on each datagram comes with the address that it was sent to; 0 or a negative errno. */
export function reportDestination(socket: number, family: number): number {
  const on: Buffer = Buffer.from([1, 0, 0, 0]);
  const options = family === AF_INET6 ? [IPPROTO_IPV6, IPV6_RECVPKTINFO] : [IPPROTO_IP, IP_PKTINFO];
  return rawCall(NR_SETSOCKOPT, [socket, ...options, on, on.length]);
}
