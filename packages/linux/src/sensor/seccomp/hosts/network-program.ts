/**
 * The program that `empty-network.ts` starts in new user and network namespaces. It makes every address of that network its own,
 * listens at port 53 of them all, and makes sockets there for the supervisor, at the other end of descriptor 3.
 *
 * It is a process of its own because a process with several threads, as Node's are, cannot enter another user namespace.
 */
import { bind, listen, openSocket, receive, setWaits, SOCK_DGRAM, SOCK_STREAM } from "../../../abi/sockets.ts";
import { addLocalRoutes, raiseLoopback, reportDestination } from "../../../abi/network.ts";
import { sendDescriptor } from "../../../abi/passing.ts";
import { close } from "../../../abi/libc.ts";
import { closeToOthers } from "../../../process/closed.ts";
import { AF_INET, AF_INET6 } from "../../words/sockets.ts";

const SUPERVISOR = 3;
const PORT = 53;
const BACKLOG = 64;
/** s32 family, s32 type. */
const REQUEST = 8;

/** A socket at port 53 of every address of both families, or of IPv4 in a kernel without IPv6. */
function atEveryAddress(type: number): number {
  for (const [family, length] of [
    [AF_INET6, 28],
    [AF_INET, 16],
  ] as const) {
    const socket = openSocket(family, type);
    if (socket < 0) continue;
    const address: Buffer = Buffer.alloc(length);
    address.writeUInt16LE(family, 0);
    address.writeUInt16BE(PORT, 2);
    if (reportDestination(socket, family) >= 0 && bind(socket, address) >= 0) return socket;
    close(socket);
  }
  return -1;
}

function run(): void {
  closeToOthers();
  if (raiseLoopback() < 0 || !addLocalRoutes()) return;
  const datagrams = atEveryAddress(SOCK_DGRAM);
  const streams = atEveryAddress(SOCK_STREAM);
  if (datagrams < 0 || streams < 0 || listen(streams, BACKLOG) < 0) return;
  setWaits(SUPERVISOR, true);
  sendDescriptor(SUPERVISOR, datagrams);
  sendDescriptor(SUPERVISOR, streams);
  const request: Buffer = Buffer.alloc(REQUEST);
  while (receive(SUPERVISOR, request) === REQUEST) {
    const socket = openSocket(request.readInt32LE(0), request.readInt32LE(4));
    sendDescriptor(SUPERVISOR, socket);
    if (socket >= 0) close(socket);
  }
}

run();
