/** Sockets of tasks, and the ports that the kernel gave them. */
import { EMPTY } from "../../abi/bytes.ts";
import { close, getsockname, pidfdGetfd, pidfdOpen, statx } from "../../abi/libc.ts";
import { AT_EMPTY_PATH, Stat, STATX_MASK } from "../../abi/stat.ts";
import type { Act, Mediator } from "../mediation.ts";
import type { LocalSocket } from "../own-ports.ts";
import { parseAddress } from "../words/sockets.ts";
import type { BpfProcess } from "./processes.ts";
import { operations, type Record } from "./record.ts";

/** The socket behind a descriptor of a process, as it is now; undefined if none is visible. */
function socketOf(pid: number, fd: number): LocalSocket | undefined {
  const pidfd = pidfdOpen(pid, 0);
  if (pidfd < 0) return undefined;
  const own = pidfdGetfd(pidfd, fd);
  close(pidfd);
  if (own < 0) return undefined;
  const address = Buffer.alloc(128);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(address.length);
  const stat = new Stat();
  const named = getsockname(own, address, length);
  const told = statx(own, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes);
  close(own);
  if (named < 0 || told < 0) return undefined;
  return { inode: stat.inode, port: parseAddress(address, length.readUInt32LE(0))?.port ?? 0 };
}

/** The port that an act names. Its owner may change, so the lens is asked each time. */
export function portIn(act: Act): number | undefined {
  const { address, family } = act.subject as { readonly address?: string; readonly family?: string };
  if (address === undefined || (family !== "inet" && family !== "inet6")) return undefined;
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

/**
 * A socket that was bound to port 0 is given one. When it listens, its address says which. Until then, or if it never listens,
 * the caller looks at the socket itself.
 */
export function expectPort(
  mediator: Pick<Mediator, "portPending">,
  record: Record,
  process: BpfProcess,
  port: number,
): void {
  const { operation } = record;
  const fd = record.argument(3);
  const isBound = operation === operations.bind;
  if (isBound && port !== 0) process.unnumbered.delete(fd);
  else if (isBound) process.unnumbered.add(fd);
  if ((isBound && port === 0) || (operation === operations.listen && (port === 0 || process.unnumbered.has(fd))))
    mediator.portPending(() => socketOf(process.pid, fd) ?? goneFrom(port), record.network);
}

/** A socket whose port was known, and which was closed before it could be looked up: its number proves nothing any more. */
function goneFrom(port: number): LocalSocket | undefined {
  return port === 0 ? undefined : { inode: 0, port };
}

/** A socket that is bound or listens is the namespace's own. It is found by its descriptor, which is mostly still open. */
export function noteSocket(mediator: Pick<Mediator, "ownSocket">, record: Record, process: BpfProcess): void {
  if (record.operation !== operations.bind && record.operation !== operations.listen) return;
  const socket = socketOf(process.pid, record.argument(3));
  if (socket !== undefined) mediator.ownSocket(socket.inode);
}
