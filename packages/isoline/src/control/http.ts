/** What the servers of both sockets do alike: who may ask, how a body is read, how an answer is written. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { closeDescriptor, heldPeerOf, isInBpfNamespace, isOutside, type Peer, peerOf } from "@isoline/linux";
import { ownUid } from "./place.ts";
import type { Refusal } from "./protocol.ts";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The directory keeps other users out; the kernel's report of the client's user is a second check. Root may do anything anyway. */
export function mayAsk(socket: Socket): boolean {
  const peer = peerAt(socket);
  return peer === undefined || peer.uid === ownUid() || peer.uid === 0;
}

/** Whether a supervisor may be at the other end: a process of a namespace may have put up a socket of its own there. */
export function isSupervisor(socket: Socket): boolean {
  return mayAsk(socket) && isFromOutside(socket);
}

/**
 * Whether the process at the other end is in no namespace of either sensor, as far as this user can tell: only root sees bpf's tables. They
 * know living processes alone, so it has to live when they have answered. One of which they cannot tell is not.
 */
export function isFromOutside(socket: Socket): boolean {
  const fd = descriptorOf(socket);
  const peer = fd >= 0 ? heldPeerOf(fd) : undefined;
  if (peer === undefined) return false;
  try {
    return !isInBpfNamespace(peer.pidfd) && isOutside(fd);
  } catch {
    return false;
  } finally {
    closeDescriptor(peer.pidfd);
  }
}

export function peerAt(socket: Socket): Peer | undefined {
  const fd = descriptorOf(socket);
  return fd < 0 ? undefined : peerOf(fd);
}

/** Not longer than announced: the parser ensures that. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

export function send(response: ServerResponse, { status, body }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`, "utf8");
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}

export function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } satisfies Refusal };
}

export const OVER = refusal(503, "namespace-lost", "the namespace has ended, or does not answer");

export function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** What comes within this time; undefined if it does not. The timer ends with it, as it would hold what came until it fires. */
export async function within<T>(ms: number, coming: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined).unref();
  });
  try {
    return await Promise.race([coming, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The descriptor of a connection; -1 if it is closed. */
export function descriptorOf(socket: Socket): number {
  return (socket as Socket & { readonly _handle?: { readonly fd?: number } })._handle?.fd ?? -1;
}
