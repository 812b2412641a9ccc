/**
 * Messages to an address: sendto, sendmsg, sendmmsg.
 *
 * The supervisor sends internet datagrams itself, from its own copies; those without an address as well, because the structure
 * in memory may have one when the kernel looks. Unix sockets report the sender to the peer, and the data for a stream may be
 * unlimited: the task makes these calls itself.
 */
import { EAGAIN, EFAULT, EINVAL, EMSGSIZE, ENOBUFS, EOPNOTSUPP } from "../../../abi/errno.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL, sendTimeout, sendTo, waits } from "../../../abi/sockets.ts";
import type { Context, Decoder } from "../context.ts";
import type { Verdict } from "../../mediation.ts";
import { AF_NETLINK, AF_UNIX } from "../../words/sockets.ts";
import { ANSWERED } from "../listener/notification.ts";
import { canBeConnected, carriesDatagrams } from "../perform/connecting.ts";
import { mayWaitForThaw } from "../perform/filesystems.ts";
import {
  copyOf,
  Datagram,
  type Described,
  hasRoute,
  MOST_CONTROL,
  MOST_PARTS,
  MSG_ZEROCOPY,
} from "../perform/datagrams.ts";
import type { Thread } from "../tasks/process.ts";
import { SOURCE_ROUTE } from "../../words/requests.ts";
import { admin } from "./kernel.ts";
import { addressFor, atSocket, badAddress, ignores, isUnnamed, MAX_ADDRESS, actOn, readAddress } from "./endpoints.ts";
import { renewsNames, wayToResolver } from "./resolving.ts";
import { isOfInternet, isZeroCopy, type TaskSocket, usingOwn } from "../surroundings/task-socket.ts";

const SOCK_STREAM = 1;
/** sizeof(struct msghdr) is 56, of struct mmsghdr 64: a msghdr and, at 56, the number of bytes that were sent. */
const MSGHDR = 56;
const MMSGHDR = 64;
/** UIO_MAXIOV: the kernel accepts no more messages in one call. */
const MAX_MESSAGES = 1024;

/** `sendto(fd, buffer, length, flags, address, size)`: without a size there is no address, and none is read. */
export const sendto: Decoder = (context, thread) => {
  const { call } = context;
  if (call.u32(5) === 0) return 0;
  return atSocket(context, thread, "send", (socket) => {
    const name = readAddress(context, thread, call.pointer(4), call.u32(5));
    if (typeof name === "number") return badAddress(context, thread, "send", name);
    const flags = call.u32(3);
    return towardsResolver(context, thread, socket, name, (to) => {
      if (!isSentByUs(context, thread, to, flags)) return sendByTask(context, thread, to, name, flags);
      const verdict = sendTowards(context, thread, to, name);
      if (verdict !== 0) return verdict;
      const content = { address: call.pointer(1), length: call.pointer(2) };
      const datagram = datagramOf(context, thread, to, { name, content, control: undefined });
      return send(context, thread, to, datagram, flags, (result) => result);
    });
  });
};

export const sendmsg: Decoder = (context, thread) =>
  atSocket(context, thread, "send", (socket) => {
    const flags = context.call.u32(2);
    const message = describedAt(context, thread, context.call.pointer(1));
    if (typeof message === "number") return badAddress(context, thread, "send", message);
    if (isTooLong(socket, message)) return context.refuses(ENOBUFS);
    return towardsResolver(context, thread, socket, message.name, (to) => {
      const isOurs = isSentByUs(context, thread, to, flags);
      const failed = isOurs ? 0 : failsByFlags(context, thread, to, flags);
      if (failed !== 0) return context.refuses(failed);
      const verdict = message.name ? sendTowards(context, thread, to, message.name) : 0;
      if (verdict !== 0) return verdict;
      if (!isOurs) return steeringBy(context, thread, to, message) || context.racy();
      const datagram = datagramOf(context, thread, to, message);
      return (
        steering(context, thread, datagram.control) || send(context, thread, to, datagram, flags, (result) => result)
      );
    });
  });

/** `sendmmsg(fd, messages, count, flags)`: as many as can be sent without blocking, or one. */
export const sendmmsg: Decoder = (context, thread) =>
  atSocket(context, thread, "send", (socket) => {
    const count = Math.min(context.call.u32(2), MAX_MESSAGES);
    const first = count > 0 ? describedAt(context, thread, context.call.pointer(1)) : -EINVAL;
    const name = typeof first === "number" ? undefined : first.name;
    // The supervisor would write how much was sent into what may be a file of a frozen file system.
    return towardsResolver(context, thread, socket, name, (to) =>
      isSentByUs(context, thread, to, context.call.u32(3)) && !mayWaitForThaw()
        ? sendSeveral(context, thread, to, count)
        : decideSeveral(context, thread, to, count),
    );
  });

/** Sends on the task's socket; to a name server, on one that leads to the supervisor instead, which becomes the task's. */
function towardsResolver(
  context: Context,
  thread: Thread,
  socket: TaskSocket,
  name: Buffer | undefined,
  use: (socket: TaskSocket) => Verdict,
): Verdict {
  const address = context.hosts && name && !ignores(socket, name) ? addressFor(socket, name) : undefined;
  const way = address && wayToResolver(context, thread, socket, address);
  if (typeof way === "number") return way;
  if (address && way === undefined && renewsNames(context, thread, socket, address)) return ANSWERED;
  if (way === undefined) return use(socket);
  const swapped = way.socketToSend(thread, context.call.int(0), socket);
  return "failed" in swapped ? swapped.failed : usingOwn(swapped.fd, use, (error) => -error);
}

/** All messages are decided before the task sends any. */
function decideSeveral(context: Context, thread: Thread, socket: TaskSocket, count: number): Verdict {
  const failed = count > 0 ? failsByFlags(context, thread, socket, context.call.u32(3)) : 0;
  if (failed !== 0) return context.refuses(failed);
  for (let index = 0; index < count; index++) {
    const message = describedAt(context, thread, context.call.pointer(1) + BigInt(index * MMSGHDR));
    if (typeof message === "number") return badAddress(context, thread, "send", message);
    if (isTooLong(socket, message)) return context.refuses(ENOBUFS);
    const verdict = message.name ? sendTowards(context, thread, socket, message.name) : 0;
    if (verdict !== 0) return verdict;
    const steered = steeringBy(context, thread, socket, message);
    if (steered !== 0) return steered;
  }
  return context.racy();
}

/** The event of control data that has a message go elsewhere first than its address says. */
function steering(context: Context, thread: Thread, control: Buffer | undefined): Verdict {
  return hasRoute(control) ? admin(SOURCE_ROUTE)(context, thread) : 0;
}

/** The same for a message that the task sends itself. What cannot be read here, the kernel may be able to read (memfd_secret). */
function steeringBy(context: Context, thread: Thread, socket: TaskSocket, { control }: Described): Verdict {
  if (control === undefined || !isOfInternet(socket)) return 0;
  const copy = copyOf(context.memory, thread.tid, control);
  return copy === undefined ? context.refuses(EFAULT) : steering(context, thread, copy);
}

/** The call returns the number of messages sent, if any were; otherwise the error of the first (net/socket.c, __sys_sendmmsg). */
function sendSeveral(context: Context, thread: Thread, socket: TaskSocket, count: number): Verdict {
  const flags = context.call.u32(3);
  for (let index = 0; index < count; index++) {
    const at = context.call.pointer(1) + BigInt(index * MMSGHDR);
    const message = describedAt(context, thread, at);
    if (index > 0 && (typeof message === "number" || isTooLong(socket, message))) return context.returns(index);
    if (typeof message === "number") return badAddress(context, thread, "send", message);
    if (isTooLong(socket, message)) return context.refuses(ENOBUFS);
    const verdict = message.name ? sendTowards(context, thread, socket, message.name) : 0;
    if (verdict !== 0) return index > 0 ? context.returns(index) : verdict;
    const datagram = datagramOf(context, thread, socket, message);
    const steered = steering(context, thread, datagram.control);
    if (steered !== 0) return index > 0 ? context.returns(index) : steered;
    const tell = (sent: number): number => (sent < 0 ? sent : tellSent(context, thread, at, sent));
    if (!context.listener.stillWaiting()) return 0;
    const sent = context.performer.make(thread, () => datagram.send(socket.fd, flags));
    if (sent === -EAGAIN && index === 0) return send(context, thread, socket, datagram, flags, tell);
    const told = tell(sent);
    if (told < 0) return context.returns(index > 0 ? index : told);
  }
  return context.returns(count);
}

/**
 * Writes the number of bytes sent where the task expects it; returns 1, for one message, or a negative errno. It writes nothing where a
 * file system may have been frozen while the message waited.
 */
function tellSent(context: Context, thread: Thread, at: bigint, sent: number): number {
  if (mayWaitForThaw()) return -EFAULT;
  const word = Buffer.alloc(4);
  word.writeUInt32LE(sent, 0);
  return context.memory.write(thread.tid, at + BigInt(MSGHDR), word) === word.length ? 1 : -EFAULT;
}

/** Sends a message that was decided; if the kernel would wait for buffer space, the call is parked until there is some. */
function send(
  context: Context,
  thread: Thread,
  socket: TaskSocket,
  datagram: Datagram,
  flags: number,
  result: (sent: number) => number,
): Verdict {
  if (!context.listener.stillWaiting()) return 0;
  const attempt = (): number => context.performer.make(thread, () => datagram.send(socket.fd, flags));
  const sent = attempt();
  if (sent !== -EAGAIN || (flags & MSG_DONTWAIT) !== 0 || !waits(socket.fd)) return context.returns(result(sent));
  if (!context.listener.mayPark) return context.notSeen(thread, "too many messages wait at once") || context.racy();
  context.listener.park({
    tid: thread.tid,
    fd: socket.takeOver(),
    limit: sendTimeout(socket.fd),
    late: -EAGAIN,
    attempt: () => {
      const again = attempt();
      return again === -EAGAIN ? undefined : result(again);
    },
  });
  return ANSWERED;
}

const FAMILY_BYTES = 2;

/**
 * Of an address that is ignored only the family is sent. Another thread can make the socket one of IPv4 (IPV6_ADDRFORM), which would go
 * by such an address, and refuses one of this length.
 */
function datagramOf({ memory }: Context, { tid }: Thread, socket: TaskSocket, message: Described): Datagram {
  const { name } = message;
  const isIgnored = name !== undefined && ignores(socket, name);
  return Datagram.of(memory, tid, isIgnored ? { ...message, name: name.subarray(0, FAMILY_BYTES) } : message);
}

/** Whether the supervisor sends a message on this socket. */
function isSentByUs(context: Context, thread: Thread, socket: TaskSocket, flags: number): boolean {
  const isDatagram = isOfInternet(socket) && carriesDatagrams(socket.type);
  return (
    isDatagram &&
    Datagram.canBeSentWith(flags, () => isZeroCopy(socket.fd)) &&
    context.performer.rightsFor(thread) !== undefined
  );
}

/**
 * Control data of which a part would not be looked at: what it asks for might be the way of the packet. On other sockets it asks
 * for nothing that is mediated.
 */
function isTooLong(socket: TaskSocket, { control }: Described): boolean {
  return isOfInternet(socket) && control !== undefined && control.length > MOST_CONTROL;
}

/** The event of a message to an address. */
function sendTowards(context: Context, thread: Thread, socket: TaskSocket, name: Buffer): Verdict {
  if (ignores(socket, name)) return 0;
  const to = addressFor(socket, name);
  if (!to && isStream(socket)) return 0;
  if (!to || (socket.family === AF_UNIX && socket.type !== SOCK_STREAM && isUnnamed(to)))
    return context.refuses(EINVAL);
  // The socket was exchanged for one of the supervisor's before, unless the address has changed in memory since, or is not the first.
  if (context.hosts && !context.hosts.owns(socket) && wayToResolver(context, thread, socket, to) === context.hosts)
    return context.notSeen(thread, "a datagram to a name server went past the supervisor");
  return actOn(context, thread, "send", socket, to);
}

/** Whether messages go to the connected peer whatever their address is: one that is too short is no error there. */
function isStream(socket: TaskSocket): boolean {
  return isOfInternet(socket) && canBeConnected(socket) && !carriesDatagrams(socket.type);
}

function sendByTask(context: Context, thread: Thread, socket: TaskSocket, name: Buffer, flags: number): Verdict {
  // A Unix stream accepts no address at all; the socket itself says which error that is, with no data to send.
  if (socket.family === AF_UNIX && socket.type === SOCK_STREAM)
    return context.returns(sendTo(socket.fd, Buffer.alloc(0), MSG_DONTWAIT | MSG_NOSIGNAL, name));
  // The content is copied before the peer is looked up (net/unix/af_unix.c, unix_dgram_sendmsg).
  if (socket.family === AF_UNIX && !isReadable(context, thread)) return context.refuses(EFAULT);
  const failed = failsByFlags(context, thread, socket, flags);
  if (failed !== 0) return context.refuses(failed);
  return sendTowards(context, thread, socket, name) || context.racy();
}

/** linux/socket.h: a TCP socket connects to the address of the message. */
const MSG_FASTOPEN = 0x2000_0000;

/** Families whose sockets do not know the flag. One of SMC passes it on to TCP. */
const WITHOUT_FASTOPEN: readonly number[] = [AF_UNIX, AF_NETLINK];

/**
 * The errno of a message that the task would send by itself; 0 if it does. By its flags alone a call must not come to that, because
 * another thread may put another address there. Nothing is sent then, so this is no act:
 *
 *   MSG_FASTOPEN   fails in every mode, as where net.ipv4.tcp_fastopen forbids it: programs connect then
 *   MSG_ZEROCOPY   on a datagram that the supervisor could send otherwise, fails where anything may be refused, as where memory must not
 *                  be locked: programs send without it then (Documentation/networking/msg_zerocopy.rst)
 */
function failsByFlags(context: Context, thread: Thread, socket: TaskSocket, flags: number): number {
  if ((flags & MSG_FASTOPEN) !== 0 && !WITHOUT_FASTOPEN.includes(socket.family)) return EOPNOTSUPP;
  const isForFlags = context.mediator.mayRefuse && isSentByUs(context, thread, socket, flags & ~MSG_ZEROCOPY);
  return isForFlags && !isSentByUs(context, thread, socket, flags) ? ENOBUFS : 0;
}

/** Whether the content of `sendto` can be read, up to the size of a datagram. */
function isReadable({ memory, call }: Context, { tid }: Thread): boolean {
  const length = call.pointer(2);
  for (let at = 0n; at < length && at < MOST_OF_UNIX; at += PIECE) {
    const part = length - at < PIECE ? length - at : PIECE;
    if (memory.exactly(tid, call.pointer(1) + at, Number(part)) < 0) return false;
  }
  return true;
}

const PIECE = 8192n;
/** net.core.wmem_max is 212 992 unless it was raised; longer datagrams are refused for their length. */
const MOST_OF_UNIX = 212_992n;

/** A `struct user_msghdr` of the task; a negative errno if it, or the address in it, cannot be read or is invalid. */
function describedAt(context: Context, thread: Thread, address: bigint): Described | number {
  const { memory2 } = context;
  const result = memory2.exactly(thread.tid, address, MSGHDR);
  if (result < 0) return result;
  const header = Buffer.from(memory2.bytes.subarray(0, MSGHDR));
  const word = (at: number): bigint => header.readBigUInt64LE(at);
  const length = header.readInt32LE(8);
  if (length < 0 && word(0) !== 0n) return -EINVAL;
  // Unlike `sendto`, which refuses, these cut an address that is too long (net/socket.c, __copy_msghdr).
  const hasName = word(0) !== 0n && length > 0;
  const name = hasName ? readAddress(context, thread, word(0), Math.min(length, MAX_ADDRESS)) : undefined;
  if (typeof name === "number") return name;
  if (word(24) > MOST_PARTS) return -EMSGSIZE;
  const control = word(40) === 0n ? undefined : { address: word(32), length: word(40) };
  return { name, content: { parts: word(16), count: word(24) }, control };
}
