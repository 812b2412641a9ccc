/**
 * Connects in place of a task: on a duplicate of its socket, to the supervisor's own copy of the address.
 *
 * A connect that would block is started without blocking, and the call is parked until the connection is established or has
 * failed. It is never handed back to the kernel: until the task gets that far, another thread may have put another socket under
 * the number, or dissolved the connection, and the kernel would connect to the address that is in memory then.
 *
 * Non-blocking is a property of the open file, which all its descriptors share. It is set for the length of one call that does
 * not sleep, and only if the socket blocks. Another thread that uses the same socket in these microseconds would get EAGAIN; a
 * socket that is not connected yet is hardly used otherwise. Or it may have the socket block again, and then the call sleeps: so it
 * is made within a moment, and ends with EINTR. The connection is under way all the same (net/ipv4/af_inet.c, __inet_stream_connect).
 */
import { EALREADY, EINPROGRESS, EINTR, EISCONN } from "../../../abi/errno.ts";
import { pollNow } from "../../../abi/libc.ts";
import { connect, sendTimeout, setWaits, waits } from "../../../abi/sockets.ts";
import type { Wait } from "../listener/parked.ts";

/** linux/in.h: protocols whose `connect` continues where it left off (net/ipv4/af_inet.c, __inet_stream_connect). */
const IPPROTO_TCP = 6;
const IPPROTO_MPTCP = 262;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const POLLOUT = 4;

/** Whether the supervisor can connect an internet socket: datagram sockets do not block, and of streams only some protocols continue. */
export function canBeConnected({ type, protocol }: { readonly type: number; readonly protocol: number }): boolean {
  return carriesDatagrams(type) || protocol === IPPROTO_TCP || protocol === IPPROTO_MPTCP;
}

export function carriesDatagrams(type: number): boolean {
  return type === SOCK_DGRAM || type === SOCK_RAW;
}

/** Makes a call with the rights that it needs, within a moment: EINTR if it waited. */
export type Making = (call: () => number) => number;

/**
 * Connects an internet socket, or starts to; returns the result of the call, or what it has to wait for. An address of another family
 * than the socket's waits as well, for a connection that is under way.
 */
export function beginToConnect(
  { fd, type }: { readonly fd: number; readonly type: number },
  tid: number,
  address: Buffer,
  make: Making,
): number | Wait {
  if (carriesDatagrams(type)) return make(() => connect(fd, address));
  const shouldWait = waits(fd);
  const begun = make(() => (shouldWait ? withoutWaiting(fd, address) : connect(fd, address)));
  if (shouldWait ? !isUnderWay(begun) : begun !== -EINTR) return begun;
  // The kernel's own way to query the result, which also updates the socket. If another thread has queried it before, that is
  // not an error.
  const attempt = (): number | undefined => {
    const result = make(() => withoutWaiting(fd, address));
    // Another thread makes it wait, as it may do each time: the call is not looked at again and again.
    if (result === -EINTR) return result;
    if (isUnderWay(result)) return undefined;
    return result === -EISCONN ? 0 : result;
  };
  // On the loopback interface the connection is established by now.
  const soon = pollNow(fd, POLLOUT) > 0 ? attempt() : undefined;
  return soon ?? { tid, fd, limit: sendTimeout(fd), late: -EINPROGRESS, attempt };
}

function withoutWaiting(fd: number, address: Buffer): number {
  setWaits(fd, false);
  const result = connect(fd, address);
  setWaits(fd, true);
  return result;
}

function isUnderWay(result: number): boolean {
  return result === -EINPROGRESS || result === -EALREADY || result === -EINTR;
}
