/** The common parts of calls on sockets: the socket, its address argument, the event. */
import type { Operation } from "@isoline/core/event";
import { EBADF, ECONNREFUSED, EFAULT, EINVAL, EMSGSIZE, ENOTSOCK } from "../../../abi/errno.ts";
import { AT_FDCWD, S_IFSOCK } from "../../../abi/stat.ts";
import type { Context } from "../context.ts";
import { reasonFor } from "../paths/reasons.ts";
import { pathText } from "../../files/knowledge.ts";
import type { Act, Verdict } from "../../mediation.ts";
import { WRITE } from "../../words/access.ts";
import {
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  type Address,
  addressMeant,
  addressOf,
  familyName,
  inNetwork,
  typeName,
} from "../../words/sockets.ts";
import type { Thread } from "../tasks/process.ts";
import { isOfInternet, type SocketFacts, type TaskSocket, withSocket } from "../surroundings/task-socket.ts";

export type EndpointOperation = Extract<Operation, "bind" | "listen" | "connect" | "accept" | "send">;

/** `struct sockaddr_storage`. */
export const MAX_ADDRESS = 128;

/** Uses the socket of the call, held so that no other can take its place. A descriptor that is not a socket fails as in the kernel. */
export function atSocket(
  context: Context,
  thread: Thread,
  op: EndpointOperation,
  use: (socket: TaskSocket) => Verdict,
): Verdict {
  return withSocket(thread, context.call.int(0), use, (error) =>
    error === -EBADF || error === -ENOTSOCK ? context.refuses(-error) : unknownEndpoint(context, thread, op, error),
  );
}

/** A copy of an address in the task's memory; a negative errno if it is too long or cannot be read. */
export function readAddress(context: Context, thread: Thread, pointer: bigint, length: number): Buffer | number {
  if (length > MAX_ADDRESS) return -EINVAL;
  const result = context.memory.exactly(thread.tid, pointer, length);
  return result < 0 ? result : Buffer.from(context.memory.bytes.subarray(0, length));
}

/** The family in an address; undefined if it is too short to have one. */
export function familyOf(given: Buffer): number | undefined {
  return given.length < 2 ? undefined : given.readUInt16LE(0);
}

/**
 * The meaning of an address for a socket; undefined if it is too short. An internet socket may accept one of AF_UNSPEC as its own
 * (net/ipv4/af_inet.c, __inet_bind; udp.c, udp_sendmsg).
 */
export function addressFor(socket: SocketFacts, given: Buffer): Address | undefined {
  return isOfInternet(socket) && familyOf(given) === AF_UNSPEC
    ? addressMeant(socket.family, given)
    : addressOf(socket.family, given);
}

const SOCK_DGRAM = 2;
const IPPROTO_UDP = 17;
const IPPROTO_UDPLITE = 136;

/**
 * Whether a message goes to the connected peer whatever its address says: UDP over IPv6 does not look at one of AF_UNSPEC
 * (net/ipv6/udp.c, udpv6_sendmsg).
 */
export function ignores({ family, type, protocol }: SocketFacts, given: Buffer): boolean {
  const isUdp = type === SOCK_DGRAM && (protocol === IPPROTO_UDP || protocol === IPPROTO_UDPLITE);
  return isUdp && family === AF_INET6 && familyOf(given) === AF_UNSPEC;
}

/** These are the kernel's own answers; any other error means that the task could not be inspected. */
export function badAddress(context: Context, thread: Thread, op: EndpointOperation, error: number): Verdict {
  if (error === -EFAULT || error === -EINVAL || error === -EMSGSIZE) return context.refuses(-error);
  return unknownEndpoint(context, thread, op, error);
}

function unknownEndpoint(context: Context, thread: Thread, op: EndpointOperation, error: number): Verdict {
  const subject = { family: "?", type: "?", address: `?${reasonFor(-error)}` };
  return context.unseen(thread, `socket not seen (${reasonFor(-error)})`, { op, subject });
}

/** The address of a peer; a Unix path is resolved to its socket. */
export function actOn(
  context: Context,
  thread: Thread,
  op: "connect" | "send",
  socket: SocketFacts,
  to: Address,
): Verdict {
  if (!to.path) return endpoint(context, thread, op, socket, to);
  const { found } = context;
  const act = (address: string): Act => ({ op, subject: { family: "unix", type: typeName(socket.type), address } });
  try {
    const path = Buffer.concat([to.path, Buffer.of(0)]);
    const result = context.finder.find(found, thread, AT_FDCWD, path, to.path.length, true);
    if (result < 0) return context.unresolved(thread, result, act);
    const key = context.keyFor(op, thread).u32(socket.type).object(found);
    return context.exchange(thread, key, () => {
      // The kernel refuses: the socket does not exist, or may not be written to (net/unix/af_unix.c, unix_find_bsd).
      const refusedWith =
        found.stat.kind !== S_IFSOCK ? ECONNREFUSED : context.permissions.refusal(found, WRITE, thread);
      return refusedWith === 0 ? act(pathText(found)) : { refusedWith };
    });
  } finally {
    found.close();
  }
}

export function endpoint(
  context: Context,
  thread: Thread,
  op: EndpointOperation,
  socket: SocketFacts,
  address: Address,
): Verdict {
  // A file is the same one in every network.
  const isFile = address.path !== undefined || address.text.startsWith("/");
  const text = isFile ? address.text : inNetwork(address.text, context.networks.of(socket.network, thread));
  const mayChange = address.port !== undefined || address.text.startsWith("@");
  const sockets = mayChange ? context.networks.listOf(socket.network, thread) : undefined;
  const act = (): Act => ({
    op,
    subject: { family: familyName(address.family), type: typeName(socket.type), address: text },
    ...(sockets === undefined ? {} : { observation: { sockets } }),
  });
  if (isOfInternet(socket) || socket.family === AF_UNIX) context.mediator.ownSocket(socket.inode);
  // The owner of a port, or of an abstract name, may change; the lens asks each time.
  if (mayChange) return context.decide(thread, act());
  const key = context.keyFor(op, thread).u32(socket.type).u32(address.family).text(Buffer.from(text));
  return context.exchange(thread, key, act);
}

/** Whether an address is one that a Unix socket cannot have. */
export function isUnnamed(to: Address): boolean {
  return to.family !== AF_UNIX || to.text === "unnamed";
}
