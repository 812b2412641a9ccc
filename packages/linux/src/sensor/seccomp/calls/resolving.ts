/** Whether a call reaches a name server, so that the supervisor answers in its place. */
import { localPort } from "@isoline/core/identity";
import { closeSoon } from "../../../process/moment.ts";
import type { Verdict } from "../../mediation.ts";
import { type Address, typeName } from "../../words/sockets.ts";
import type { Context } from "../context.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { Thread } from "../tasks/process.ts";
import type { SocketFacts, TaskSocket } from "../surroundings/task-socket.ts";

/**
 * The supervisor's name server, if it answers at this address; undefined if it does not. A verdict if the call is not to go on:
 * it is decided anew later, or is refused because its names would be lost.
 */
export function wayToResolver(
  context: Context,
  thread: Thread,
  socket: TaskSocket,
  address: Address,
): Hosts | undefined | Verdict {
  const { hosts, networks } = context;
  if (!hosts?.answersAt(socket, address) || networks.of(socket.network, thread) !== "") return undefined;
  if (isOwnServer(context, thread, socket, address)) return undefined;
  const readiness = hosts.readiness(thread);
  if (readiness === "ready") return hosts;
  if ("instead" in readiness) return readiness.instead;
  return readiness.lost === 0 ? undefined : readiness.lost;
}

/** Whether a peer is decided later, when the names on the contour have been looked up anew. */
export function renewsNames(
  { hosts, networks }: Context,
  thread: Thread,
  socket: SocketFacts,
  address: Address,
): boolean {
  if (hosts === undefined || address.port === undefined || networks.of(socket.network, thread) !== "") return false;
  return hosts.renews(thread, address);
}

/** A name server of the namespace itself on this machine is a program like any other. */
function isOwnServer(context: Context, thread: Thread, socket: SocketFacts, { text }: Address): boolean {
  const end = localPort(text);
  if (end === undefined) return false;
  const sockets = context.networks.listOf(socket.network, thread);
  return context.mediator.isOwnServer({ ...end, type: typeName(socket.type) }, sockets);
}

/**
 * Connects to the supervisor instead. A task for which the supervisor cannot act, because of rules that it has put on itself, connects
 * by itself: whatever it connects that socket to, no other host is reached.
 */
export function connectToResolver(
  context: Context,
  thread: Thread,
  way: Hosts,
  socket: TaskSocket,
  address: Buffer,
): Verdict {
  const number = context.call.int(0);
  if (context.performer.rightsFor(thread)) return way.connect(thread, number, socket, address);
  const swapped = way.socketToSend(thread, number, socket);
  if ("failed" in swapped) return swapped.failed;
  closeSoon(swapped.fd);
  return context.racy();
}
