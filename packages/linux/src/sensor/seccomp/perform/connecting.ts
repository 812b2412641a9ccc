/**
 * Connecting in place of a task: on a duplicate of its socket, to our own copy of the address.
 *
 * What would wait is begun without waiting, and the call is parked until the connection stands or has failed. It is never
 * handed back to the kernel to be waited for there: until the task gets that far, another thread may have put another
 * socket under the number, or dissolved the connection, and the kernel would connect to whatever the memory says then.
 *
 * Not to wait is a property of the open file, which all its descriptors share. It is set for the length of one call that
 * does not sleep, and only where the socket waits; another thread that uses the same socket in these microseconds would be
 * told EAGAIN, which a socket that is not connected yet hardly has a use for.
 */
import { EALREADY, EINPROGRESS, EISCONN } from "../../../abi/errno.ts";
import { pollNow } from "../../../abi/libc.ts";
import { connect, sendTimeout, setWaits, waits } from "../../../abi/sockets.ts";
import type { Wait } from "../listener/parked.ts";

/** linux/in.h: those whose `connect` begins again where it left off (net/ipv4/af_inet.c, __inet_stream_connect). */
const IPPROTO_TCP = 6;
const IPPROTO_MPTCP = 262;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const POLLOUT = 4;

/** Whether a socket of the internet can be connected by us: datagrams do not wait, and of streams it is known how they do. */
export function canBeConnected({ type, protocol }: { readonly type: number; readonly protocol: number }): boolean {
  return carriesDatagrams(type) || protocol === IPPROTO_TCP || protocol === IPPROTO_MPTCP;
}

export function carriesDatagrams(type: number): boolean {
  return type === SOCK_DGRAM || type === SOCK_RAW;
}

/** Makes a call with the rights of the task. */
type Making = (call: () => number) => number;

/** Connects a socket of the internet, or begins to; what the call returns, or what it has to wait for. */
export function beginToConnect(
  { fd, type }: { readonly fd: number; readonly type: number },
  tid: number,
  address: Buffer,
  make: Making,
): number | Wait {
  if (carriesDatagrams(type) || !waits(fd)) return make(() => connect(fd, address));
  const begun = make(() => withoutWaiting(fd, address));
  if (!isUnderWay(begun)) return begun;
  // The kernel's own way to learn how it went, and to have the socket take note of it. That another thread has heard of it
  // before is no error for who waits.
  const attempt = (): number | undefined => {
    const result = make(() => withoutWaiting(fd, address));
    if (isUnderWay(result)) return undefined;
    return result === -EISCONN ? 0 : result;
  };
  // On the loopback interface it is through by now.
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
  return result === -EINPROGRESS || result === -EALREADY;
}
