/**
 * Sockets: made, bound, listening, connected, accepting, sending to an address.
 */
import { escapeBytes, type Operation } from "@isoline/core";
import { ECONNREFUSED, EFAULT, EINVAL } from "../../../abi/errno.ts";
import { AT_FDCWD, S_IFSOCK } from "../../../abi/stat.ts";
import { type Context, type Decoder, reasonFor } from "../context.ts";
import { pathText } from "../../files/knowledge.ts";
import type { Act, Verdict } from "../../mediation.ts";
import { WRITE } from "../../words/access.ts";
import {
  AF_INET,
  AF_UNIX,
  AF_UNSPEC,
  type Address,
  familyName,
  parseAddress,
  typeName,
  unspecifiedAsInet,
} from "../../words/sockets.ts";
import { type SocketFacts, socketFacts } from "./task-socket.ts";
import type { Thread } from "../tasks/process.ts";
import { findPlace } from "./place.ts";

type EndpointOperation = Extract<Operation, "bind" | "listen" | "connect" | "accept" | "send">;

/** `struct sockaddr_storage`. */
const MAX_ADDRESS = 128;
const SLASH = 0x2f;

export const socket: Decoder = (context, thread) => {
  const [family, type, protocol] = [context.call.u32(0), context.call.u32(1), context.call.u32(2)];
  const key = context
    .keyFor("socket", thread)
    .u32(family)
    .u32(type & 0xf)
    .u32(protocol);
  return context.exchange(thread, key, () => ({
    op: "socket",
    subject: { family: familyName(family), type: typeName(type), protocol },
  }));
};

export const bind: Decoder = (context, thread) => {
  const read = readAddress(context, thread, context.call.pointer(1), context.call.u32(2));
  if (typeof read === "number") return badAddress(context, thread, "bind", read);
  const facts = socketFacts(thread, context.call.int(0));
  if (typeof facts === "number") return noSocket(context, thread, "bind", facts);
  if (read.path) return bindPath(context, thread, facts, read.path);
  const text = read.family === AF_UNIX && read.text === "unnamed" ? "@autobind" : read.text;
  const verdict = endpoint(context, thread, "bind", facts, { ...read, text });
  if (verdict === 0 && read.port === 0) expectPort(context, thread, context.call.int(0), facts.cookie);
  return verdict;
};

/** Binding a path makes a file. */
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
  if (exists) return context.attempt();
  const place = findPlace(context, thread, AT_FDCWD, path, path.length, false);
  if ("error" in place) return context.unresolved(thread, place.error, act);
  if (place.refusal !== 0) return context.attempt();
  const verdict = context.decide(thread, act(place.path));
  if (verdict === 0) context.socketPaths.remember(facts.cookie, place.path);
  return verdict;
}

export const listen: Decoder = (context, thread) => local(context, thread, "listen");
export const accept: Decoder = (context, thread) => local(context, thread, "accept");

/** An exchange named by the socket's own address: who will come is not known before. */
function local(context: Context, thread: Thread, op: "listen" | "accept"): Verdict {
  const fd = context.call.int(0);
  const facts = socketFacts(thread, fd);
  if (typeof facts === "number") return noSocket(context, thread, op, facts);
  if (facts.local?.port === 0) expectPort(context, thread, fd, facts.cookie);
  return endpoint(context, thread, op, facts, localAddress(context, thread, facts));
}

/** A socket keeps the path as it was given when it was bound, perhaps from a directory that nobody is in any more. */
function localAddress(context: Context, thread: Thread, facts: SocketFacts): Address {
  if (!facts.local) return { family: facts.family, text: "?" };
  const { path } = facts.local;
  return path
    ? { family: AF_UNIX, text: context.socketPaths.of(facts.cookie) ?? inheritedPath(context, thread, path) }
    : facts.local;
}

/** A socket that was bound outside of the namespace. */
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

export const connect: Decoder = (context, thread) => {
  const read = readAddress(context, thread, context.call.pointer(1), context.call.u32(2));
  if (typeof read === "number") return badAddress(context, thread, "connect", read);
  const facts = socketFacts(thread, context.call.int(0));
  return typeof facts === "number"
    ? noSocket(context, thread, "connect", facts)
    : reach(context, thread, "connect", facts, read);
};

export const sendto: Decoder = (context, thread) => {
  const read = readAddress(context, thread, context.call.pointer(4), context.call.u32(5));
  return typeof read === "number" ? badAddress(context, thread, "send", read) : send(context, thread, read);
};

export const sendmsg: Decoder = (context, thread) => sendMessages(context, thread, 1);
export const sendmmsg: Decoder = (context, thread) => sendMessages(context, thread, context.call.u32(2));

/** sizeof(struct msghdr) is 56, of struct mmsghdr 64; both begin with the address and its length. */
const MMSGHDR = 64;
/** UIO_MAXIOV: the kernel takes no more messages in one call. */
const MAX_MESSAGES = 1024;

function sendMessages(context: Context, thread: Thread, count: number): Verdict {
  const { memory2 } = context;
  for (let index = 0; index < Math.min(count, MAX_MESSAGES); index++) {
    const result = memory2.exactly(thread.tid, context.call.pointer(1) + BigInt(index * MMSGHDR), 16);
    if (result < 0) return badAddress(context, thread, "send", result);
    const name = memory2.bytes.readBigUInt64LE(0);
    const length = memory2.bytes.readInt32LE(8);
    if (name === 0n || length === 0) continue;
    if (length < 0) return context.attempt();
    // Unlike `sendto`, which refuses, these take what is too long for as long as may be (net/socket.c, __copy_msghdr).
    const read = readAddress(context, thread, name, Math.min(length, MAX_ADDRESS));
    const verdict = typeof read === "number" ? badAddress(context, thread, "send", read) : send(context, thread, read);
    if (verdict !== 0) return verdict;
  }
  return 0;
}

function send(context: Context, thread: Thread, to: Address): Verdict {
  const facts = socketFacts(thread, context.call.int(0));
  if (typeof facts === "number") return noSocket(context, thread, "send", facts);
  if (to.family !== AF_UNSPEC || facts.family !== AF_INET) return reach(context, thread, "send", facts, to);
  const meant = unspecifiedAsInet(to);
  return meant ? reach(context, thread, "send", facts, meant) : context.attempt();
}

/** Someone else's address; a Unix path is resolved to the socket that is there. */
function reach(context: Context, thread: Thread, op: "connect" | "send", facts: SocketFacts, to: Address): Verdict {
  // To connect to AF_UNSPEC dissolves an association: nobody is reached. To send to it is another matter.
  if (to.family === AF_UNSPEC && op === "connect") return 0;
  if (!to.path) return endpoint(context, thread, op, facts, to);
  const { found } = context;
  const act = (address: string): Act => ({ op, subject: { family: "unix", type: typeName(facts.type), address } });
  try {
    const path = Buffer.concat([to.path, Buffer.of(0)]);
    const result = context.finder.find(found, thread, AT_FDCWD, path, to.path.length, true);
    if (result < 0) return context.unresolved(thread, result, act);
    const key = context.keyFor(op, thread).u32(facts.type).object(found);
    return context.exchange(thread, key, () => {
      // Refused by the kernel: there is no socket, or it may not be written to (net/unix/af_unix.c, unix_find_bsd).
      const refusedWith =
        found.stat.kind !== S_IFSOCK ? ECONNREFUSED : context.permissions.refusal(found, WRITE, thread);
      return refusedWith === 0 ? act(pathText(found)) : { refusedWith };
    });
  } finally {
    found.close();
  }
}

function endpoint(
  context: Context,
  thread: Thread,
  op: EndpointOperation,
  facts: SocketFacts,
  address: Address,
): Verdict {
  const act = (): Act => ({
    op,
    subject: { family: familyName(address.family), type: typeName(facts.type), address: address.text },
  });
  // Whose an ephemeral port is may change; the lens asks each time.
  if (address.port !== undefined) return context.decide(thread, act());
  const key = context.keyFor(op, thread).u32(facts.type).u32(address.family).text(Buffer.from(address.text));
  return context.exchange(thread, key, act);
}

function readAddress(context: Context, thread: Thread, pointer: bigint, length: number): Address | number {
  if (length > MAX_ADDRESS) return -22;
  const result = context.memory.exactly(thread.tid, pointer, Math.max(1, length));
  if (result < 0) return result;
  return parseAddress(Buffer.from(context.memory.bytes.subarray(0, length)), length) ?? -22;
}

/** EFAULT and EINVAL are the kernel's own answers; anything else means that the task could not be looked into. */
function badAddress(context: Context, thread: Thread, op: EndpointOperation, error: number): Verdict {
  if (error === -EFAULT || error === -EINVAL) return context.refuses(-error);
  return unknownEndpoint(context, thread, op, error);
}

/** EBADF and ENOTSOCK are the kernel's own answers. */
function noSocket(context: Context, thread: Thread, op: EndpointOperation, error: number): Verdict {
  if (error === -9 || error === -88) return context.attempt();
  return unknownEndpoint(context, thread, op, error);
}

function unknownEndpoint(context: Context, thread: Thread, op: EndpointOperation, error: number): Verdict {
  const subject = { family: "?", type: "?", address: `?${reasonFor(-error)}` };
  return context.unseen(thread, `socket not seen (${reasonFor(-error)})`, { op, subject });
}

/** The kernel is about to choose a port for this socket: whoever asks later looks at the socket itself. */
function expectPort(context: Context, thread: Thread, fd: number, cookie: string): void {
  context.mediator.portPending(() => {
    const facts = socketFacts(thread, fd);
    return typeof facts !== "number" && facts.cookie === cookie ? facts.local?.port : undefined;
  });
}
