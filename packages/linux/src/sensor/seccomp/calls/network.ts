/**
 * Sockets: made, bound, listening, connected, accepting, sending to an address.
 */
import type { Operation } from "@isoline/core";
import { AT_FDCWD } from "../../../abi/stat.ts";
import { type Context, type Decoder, reasonFor } from "../context.ts";
import { pathText } from "../files.ts";
import type { Act, Verdict } from "../mediation.ts";
import { AF_UNIX, AF_UNSPEC, type Address, familyName, parseAddress, type SocketFacts, socketFacts, typeName } from "../sockets.ts";
import type { Thread } from "../tasks.ts";
import { findPlace } from "./place.ts";

type EndpointOperation = Extract<Operation, "bind" | "listen" | "connect" | "accept" | "send">;

/** `struct sockaddr_storage`. */
const MAX_ADDRESS = 128;

export const socket: Decoder = (context, thread) => {
  const [family, type, protocol] = [context.call.u32(0), context.call.u32(1), context.call.u32(2)];
  const key = context.keyFor("socket", thread).u32(family).u32(type & 0xf).u32(protocol);
  return context.exchange(thread, key, () => ({
    op: "socket", subject: { family: familyName(family), type: typeName(type), protocol },
  }));
};

export const bind: Decoder = (context, thread) => {
  const read = readAddress(context, thread, context.call.pointer(1), context.call.u32(2));
  if (typeof read === "number") return badAddress(context, thread, "bind", read);
  const facts = socketFacts(thread.process, context.call.int(0));
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
    op: "bind", subject: { family: "unix", type: typeName(facts.type), address }, observation: { exclusive: true, requestedMode: 0o777 },
  });
  const { found2 } = context;
  const exists = context.finder.find(found2, thread, AT_FDCWD, Buffer.concat([path, Buffer.of(0)]), path.length, false) >= 0;
  found2.close();
  if (exists) return context.attempt();
  const place = findPlace(context, thread, AT_FDCWD, path, path.length, false);
  if ("error" in place) return context.unresolved(thread, place.error, act);
  return place.refusal !== 0 ? context.attempt() : context.decide(thread, act(place.path));
}

export const listen: Decoder = (context, thread) => local(context, thread, "listen");
export const accept: Decoder = (context, thread) => local(context, thread, "accept");

/** An exchange named by the socket's own address: who will come is not known before. */
function local(context: Context, thread: Thread, op: "listen" | "accept"): Verdict {
  const fd = context.call.int(0);
  const facts = socketFacts(thread.process, fd);
  if (typeof facts === "number") return noSocket(context, thread, op, facts);
  if (facts.local?.port === 0) expectPort(context, thread, fd, facts.cookie);
  return endpoint(context, thread, op, facts, facts.local ?? { family: facts.family, text: "?" });
}

export const connect: Decoder = (context, thread) => {
  const read = readAddress(context, thread, context.call.pointer(1), context.call.u32(2));
  if (typeof read === "number") return badAddress(context, thread, "connect", read);
  const facts = socketFacts(thread.process, context.call.int(0));
  return typeof facts === "number" ? noSocket(context, thread, "connect", facts) : reach(context, thread, "connect", facts, read);
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
    const result = memory2.exactly(thread.tid, context.call.pointer(1) + index * MMSGHDR, 16);
    if (result < 0) return badAddress(context, thread, "send", result);
    const name = Number(memory2.bytes.readBigUInt64LE(0));
    const length = memory2.bytes.readUInt32LE(8);
    if (name === 0 || length === 0) continue;
    const read = readAddress(context, thread, name, length);
    const verdict = typeof read === "number" ? badAddress(context, thread, "send", read) : send(context, thread, read);
    if (verdict !== 0) return verdict;
  }
  return 0;
}

function send(context: Context, thread: Thread, to: Address): Verdict {
  const facts = socketFacts(thread.process, context.call.int(0));
  return typeof facts === "number" ? noSocket(context, thread, "send", facts) : reach(context, thread, "send", facts, to);
}

/** Someone else's address; a Unix path is resolved to the socket that is there. */
function reach(context: Context, thread: Thread, op: "connect" | "send", facts: SocketFacts, to: Address): Verdict {
  // AF_UNSPEC dissolves an association: nobody is reached.
  if (to.family === AF_UNSPEC) return 0;
  if (!to.path) return endpoint(context, thread, op, facts, to);
  const { found } = context;
  const act = (address: string): Act => ({ op, subject: { family: "unix", type: typeName(facts.type), address } });
  try {
    const path = Buffer.concat([to.path, Buffer.of(0)]);
    const result = context.finder.find(found, thread, AT_FDCWD, path, to.path.length, true);
    if (result < 0) return context.unresolved(thread, result, act);
    const key = context.keyFor(op, thread).u32(facts.type).object(found);
    return context.exchange(thread, key, () => act(pathText(found)));
  } finally {
    found.close();
  }
}

function endpoint(context: Context, thread: Thread, op: EndpointOperation, facts: SocketFacts, address: Address): Verdict {
  const act = (): Act => ({ op, subject: { family: familyName(address.family), type: typeName(facts.type), address: address.text } });
  // Whose an ephemeral port is may change; the lens asks each time.
  if (address.port !== undefined) return context.decide(thread, act());
  const key = context.keyFor(op, thread).u32(facts.type).u32(address.family).text(Buffer.from(address.text));
  return context.exchange(thread, key, act);
}

function readAddress(context: Context, thread: Thread, pointer: number, length: number): Address | number {
  if (length > MAX_ADDRESS) return -22;
  const result = context.memory.exactly(thread.tid, pointer, Math.max(1, length));
  if (result < 0) return result;
  return parseAddress(Buffer.from(context.memory.bytes.subarray(0, length)), length) ?? -22;
}

/** EFAULT and EINVAL are the kernel's own answers; anything else means that the task could not be looked into. */
function badAddress(context: Context, thread: Thread, op: EndpointOperation, error: number): Verdict {
  if (error === -14 || error === -22) return context.attempt();
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
  const { process } = thread;
  context.mediator.portPending(() => {
    const facts = socketFacts(process, fd);
    return typeof facts !== "number" && facts.cookie === cookie ? facts.local?.port : undefined;
  });
}
