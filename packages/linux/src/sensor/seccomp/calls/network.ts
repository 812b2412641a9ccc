/**
 * Sockets: created, bound, listening, connected, accepting.
 *
 * The supervisor makes calls on internet sockets itself, on a duplicate and with its own copy of the address: then neither the
 * address nor the socket can be exchanged after the decision. Unix sockets report to the peer which process connects or
 * listens, and some others are named after their user: the task makes these calls itself.
 */
import { escapeBytes } from "@isoline/core/event";
import { localPort } from "@isoline/core/identity";
import { EADDRINUSE, EAFNOSUPPORT, ECONNREFUSED, EINTR, EINVAL } from "../../../abi/errno.ts";
import { bind as bindTo, connect as connectTo, listen as listenOn } from "../../../abi/sockets.ts";
import { AT_FDCWD } from "../../../abi/stat.ts";
import { withinMoment } from "../../../process/moment.ts";
import type { Context, Decoder } from "../context.ts";
import { pathText } from "../../files/knowledge.ts";
import type { Act, Verdict } from "../../mediation.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  type Address,
  familyName,
  inNetwork,
  typeName,
} from "../../words/sockets.ts";
import { ANSWERED } from "../listener/notification.ts";
import type { Wait } from "../listener/parked.ts";
import { beginToConnect, canBeConnected, carriesDatagrams, type Making } from "../perform/connecting.ts";
import type { Thread } from "../tasks/process.ts";
import { addressFor, atSocket, badAddress, endpoint, familyOf, isUnnamed, actOn, readAddress } from "./endpoints.ts";
import { isKeptName } from "../paths/kept-files.ts";
import { findPlace } from "./place.ts";
import { connectToResolver, renewsNames, wayToResolver } from "./resolving.ts";
import { isOfInternet, type SocketFacts, socketFacts, type TaskSocket } from "../surroundings/task-socket.ts";

const SLASH = 0x2f;
const SOCK_RAW = 3;
/** Of an address, before which there is nothing else. */
const FAMILY_BYTES = 2;
/** SIN6_LEN_RFC2133 (include/net/ipv6.h) */
const INET6_BYTES = 24;
/** linux/in.h */
const [IPPROTO_TCP, IPPROTO_DCCP, IPPROTO_SMC] = [6, 33, 256];

export const socket: Decoder = (context, thread) => {
  const [family, type, protocol] = [context.call.u32(0), context.call.u32(1), context.call.u32(2)];
  const network = context.networks.ofThread(thread);
  const key = context
    .keyFor("socket", thread)
    .u32(family)
    .u32(type & 0xf)
    .u32(protocol)
    .text(Buffer.from(network));
  return context.exchange(thread, key, () => ({
    op: "socket",
    subject: { family: inNetwork(familyName(family), network), type: typeName(type), protocol },
  }));
};

export const bind: Decoder = (context, thread) =>
  atSocket(context, thread, "bind", (socket) => {
    const given = readAddress(context, thread, context.call.pointer(1), context.call.u32(2));
    if (typeof given === "number") return badAddress(context, thread, "bind", given);
    const call = () => bindTo(socket.fd, given);
    if (isBoundToFail(socket, given)) return context.returns(call());
    const address = addressFor(socket, given);
    if (!address) return context.refuses(EINVAL);
    if (address.path) return bindPath(context, thread, socket, address.path);
    const text = address.family === AF_UNIX && address.text === "unnamed" ? "@autobind" : address.text;
    const verdict = endpoint(context, thread, "bind", socket, { ...address, text });
    if (verdict !== 0) return verdict;
    if (address.port === 0) expectPort(context, thread, context.call.int(0), socket);
    // No peer is told which process bound such a socket.
    if (isOfInternet(socket)) return context.makes(thread, call);
    return socket.family === AF_UNIX ? bindName(context, thread, call) : context.racy();
  });

/** Binds an abstract name, which may be another program's: then the namespace has not made it. */
function bindName(context: Context, thread: Thread, call: () => number): Verdict {
  const verdict = context.makes(thread, call);
  if (verdict > 0) context.mediator.withdraw();
  return verdict;
}

/** Whether a socket accepts no address of this family or length: then the kernel refuses for any caller, and nothing else happens. */
function isBoundToFail(socket: SocketFacts, given: Buffer): boolean {
  const family = familyOf(given);
  if (socket.family === AF_UNIX) return family !== AF_UNIX;
  if (!isOfInternet(socket) || family === AF_INET || family === socket.family) return false;
  // IPv4 accepts an address with AF_UNSPEC as its own, and a raw socket one of any family.
  return !(socket.family === AF_INET && (family === AF_UNSPEC || socket.type === SOCK_RAW));
}

/** Binding a path creates a file. */
function bindPath(context: Context, thread: Thread, facts: SocketFacts, path: Buffer): Verdict {
  const act = (address: string): Act => ({
    op: "bind",
    subject: { family: "unix", type: typeName(facts.type), address },
    observation: { exclusive: true, requestedMode: 0o777 },
  });
  const { found2 } = context;
  const exists =
    context.finder.find(found2, thread, AT_FDCWD, Buffer.concat([path, Buffer.of(0)]), path.length, false) >= 0;
  found2.close();
  if (exists) return context.refuses(EADDRINUSE);
  const place = findPlace(context, thread, AT_FDCWD, path, path.length, false);
  if ("error" in place) return context.unresolved(thread, place.error, act);
  if (place.refusal !== 0) return context.refuses(place.refusal);
  if (isKeptName(path.subarray(path.lastIndexOf("/") + 1))) return context.keep(thread, act(place.path));
  const verdict = context.decide(thread, act(place.path));
  if (verdict !== 0) return verdict;
  if (context.listener.goesAhead(verdict)) context.socketPaths.remember(facts.cookie, place.path);
  return context.racy();
}

export const listen: Decoder = (context, thread) =>
  atSocket(context, thread, "listen", (socket) => {
    const verdict = local(context, thread, "listen", socket);
    if (verdict !== 0) return verdict;
    // A Unix socket records which process made it listen, for its peers to read.
    if (!isOfInternet(socket)) return context.racy();
    return context.makes(thread, () => listenOn(socket.fd, context.call.int(1)));
  });

/** It blocks until a peer connects, so the task makes the call itself; only another thread's `dup2` could interfere. */
export const accept: Decoder = (context, thread) =>
  atSocket(context, thread, "accept", (socket) => local(context, thread, "accept", socket) || context.racy());

/** An act named by the socket's own address: the peer is not known before. */
function local(context: Context, thread: Thread, op: "listen" | "accept", socket: SocketFacts): Verdict {
  if (socket.local?.port === 0) expectPort(context, thread, context.call.int(0), socket);
  return endpoint(context, thread, op, socket, localAddress(context, thread, socket));
}

/** A socket keeps the path as it was given to bind, perhaps relative to a directory that no process is in any more. */
function localAddress(context: Context, thread: Thread, facts: SocketFacts): Address {
  if (!facts.local) return { family: facts.family, text: "?" };
  const { path } = facts.local;
  return path
    ? { family: AF_UNIX, text: context.socketPaths.of(facts.cookie) ?? inheritedPath(context, thread, path) }
    : facts.local;
}

/** A socket that was bound outside the namespace. */
function inheritedPath(context: Context, thread: Thread, path: Buffer): string {
  if (path[0] !== SLASH) return `?relative:${escapeBytes(path)}`;
  const { found } = context;
  try {
    const result = context.finder.find(found, thread, AT_FDCWD, Buffer.concat([path, Buffer.of(0)]), path.length, true);
    return result < 0 ? `?unresolved:${escapeBytes(path)}` : pathText(found);
  } finally {
    found.close();
  }
}

export const connect: Decoder = (context, thread) =>
  atSocket(context, thread, "connect", (socket) => {
    const given = readAddress(context, thread, context.call.pointer(1), context.call.u32(2));
    if (typeof given === "number") return badAddress(context, thread, "connect", given);
    if (isForNobody(socket, given)) return connectToNobody(context, thread, socket, given);
    const address = addressFor(socket, given);
    if (!address || (socket.family === AF_UNIX && isUnnamed(address))) return context.refuses(EINVAL);
    if (isNobodys(context, thread, socket, address)) return answerOfNobody(context, socket, given);
    const served = context.hosts?.connectToNscd(thread, context.call.int(0), socket, address);
    if (served !== undefined) return served;
    const way = wayToResolver(context, thread, socket, address);
    if (typeof way === "number") return way;
    if (way === undefined && renewsNames(context, thread, socket, address)) return ANSWERED;
    const verdict = actOn(context, thread, "connect", socket, address);
    if (verdict !== 0) return verdict;
    if (way !== undefined) return connectToResolver(context, thread, way, socket, given);
    return connecting(context, thread, socket, given);
  });

/** Whether a stream connects to a port that the namespace was assigned, and at which nothing listens. */
function isNobodys(context: Context, thread: Thread, socket: SocketFacts, { text }: Address): boolean {
  const local = localPort(text);
  if (local === undefined || typeName(socket.type) !== "stream") return false;
  const network = context.networks.of(socket.network, thread);
  const sockets = context.networks.listOf(socket.network, thread);
  return context.mediator.isNobodys({ ...local, type: "stream" }, network, sockets);
}

/**
 * Refused, unless the kernel looks at no address because of what the socket is already: connected, listening, or about to be connected. It
 * is asked with an address that is too short to be connected to (net/ipv4/af_inet.c, __inet_stream_connect).
 */
function answerOfNobody(context: Context, { fd, protocol }: TaskSocket, address: Buffer): Verdict {
  if (protocol !== IPPROTO_TCP) return context.refuses(ECONNREFUSED);
  const result = withinMoment(() => connectTo(fd, address.subarray(0, FAMILY_BYTES)));
  return result === -EINVAL || result === -EINTR ? context.refuses(ECONNREFUSED) : context.returns(result);
}

/** Whether no peer is reached, whichever process calls: an AF_UNSPEC address dissolves a connection, and other calls fail. */
function isForNobody(socket: SocketFacts, given: Buffer): boolean {
  const family = familyOf(given);
  if (socket.family === AF_UNIX) return family !== AF_UNIX;
  return isOfInternet(socket) && family !== AF_INET && family !== socket.family;
}

/**
 * It needs no rights. What dissolves a connection does not wait, nor does a socket of datagrams or of Unix. Any other family waits for the
 * connection that is under way.
 */
function connectToNobody(context: Context, thread: Thread, socket: TaskSocket, address: Buffer): Verdict {
  const isStream = isOfInternet(socket) && !carriesDatagrams(socket.type);
  if (!isStream || address.length < FAMILY_BYTES || familyOf(address) === AF_UNSPEC)
    return context.returns(withinMoment(() => connectTo(socket.fd, address)));
  if (!canBeConnected(socket) || !context.listener.mayPark) return context.refuses(errorOfOtherFamily(socket, address));
  return begin(context, thread, socket, address, withinMoment);
}

/**
 * As the kernel has it where no connection is under way. The call is not made: while the task connects such a socket itself, the kernel may
 * keep it locked.
 */
function errorOfOtherFamily(socket: SocketFacts, address: Buffer): number {
  const isOfTcp = socket.protocol === IPPROTO_SMC ? familyOf(address) === AF_INET6 : canBeConnected(socket);
  if (!isOfTcp && socket.protocol !== IPPROTO_DCCP) return EINVAL;
  return socket.family === AF_INET6 && address.length < INET6_BYTES ? EINVAL : EAFNOSUPPORT;
}

function connecting(context: Context, thread: Thread, socket: TaskSocket, address: Buffer): Verdict {
  const { performer } = context;
  // The peer of a Unix socket learns which process connects, and a netlink socket is named after it.
  if (!isOfInternet(socket) || !canBeConnected(socket) || !performer.rightsFor(thread)) return context.racy();
  return begin(context, thread, socket, address, (call) => performer.begin(thread, call));
}

function begin(context: Context, thread: Thread, socket: TaskSocket, address: Buffer, make: Making): Verdict {
  const { listener } = context;
  if (!listener.mayPark) return context.notSeen(thread, "too many connections in progress at once");
  if (!listener.stillWaiting()) return 0;
  const begun: number | Wait = beginToConnect(socket, thread.tid, address, make);
  if (typeof begun === "number") return context.returns(begun);
  socket.takeOver();
  listener.park(begun);
  return ANSWERED;
}

/** The kernel is about to choose a port for this socket; the port is read from the socket later. */
function expectPort(context: Context, thread: Thread, fd: number, { cookie, network }: SocketFacts): void {
  context.mediator.portPending(
    () => {
      const facts = socketFacts(thread, fd);
      if (typeof facts === "number" || facts.cookie !== cookie) return undefined;
      return { inode: facts.inode, port: facts.local?.port ?? 0 };
    },
    context.networks.of(network, thread),
  );
}
