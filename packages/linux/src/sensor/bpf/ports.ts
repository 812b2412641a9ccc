/** Sockets of tasks, and the ports that the kernel gave them. */
import { EMPTY } from "../../abi/bytes.ts";
import { close, getsockname, pidfdGetfd, statx } from "../../abi/libc.ts";
import { AT_EMPTY_PATH, Stat, STATX_MASK } from "../../abi/stat.ts";
import type { Act, Mediator } from "../mediation.ts";
import type { LocalSocket } from "../own-ports.ts";
import { parseAddress } from "../words/sockets.ts";
import type { Asked } from "./asked.ts";
import type { Members } from "./members.ts";
import type { BpfProcess } from "./processes.ts";
import { operations } from "./record.ts";

/** The socket behind a descriptor of a process, as it is now; undefined if none is visible. */
function socketOf(members: Pick<Members, "open">, process: BpfProcess, fd: number): LocalSocket | undefined {
  const pidfd = members.open(process);
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
 * A socket that is bound or listens is the namespace's own. It is found by its descriptor, which is mostly still open. `port` is the one
 * that the act names.
 *
 * A socket that was bound to port 0 is given one. When it listens, its address says which. Until then, or if it never listens,
 * the mediator looks at the socket itself.
 */
export function noteSocket(
  mediator: Pick<Mediator, "ownSocket" | "portPending">,
  members: Pick<Members, "open">,
  { record, process }: Pick<Asked, "record" | "process">,
  port: number | undefined,
): void {
  const isBound = record.operation === operations.bind;
  if (!isBound && record.operation !== operations.listen) return;
  const fd = record.argument(3);
  const socket = socketOf(members, process, fd);
  if (socket !== undefined) mediator.ownSocket(socket.inode);
  if (port === undefined) return;
  if (isBound && port !== 0) process.unnumbered.delete(fd);
  else if (isBound) process.unnumbered.add(fd);
  if (port !== 0 && (isBound || !process.unnumbered.has(fd))) return;
  // Another socket may have its descriptor when it is looked at, also one that came from outside.
  const sameSocket = () => {
    const now = socketOf(members, process, fd);
    return now?.inode === socket?.inode ? now : undefined;
  };
  mediator.portPending(() => sameSocket() ?? goneFrom(port), record.network);
}

/** A socket whose port was known, and which was closed before it could be looked up: its number proves nothing any more. */
function goneFrom(port: number): LocalSocket | undefined {
  return port === 0 ? undefined : { inode: 0, port };
}
