/** The port that the kernel gave to a socket of a task. */
import { close, getsockname, pidfdGetfd, pidfdOpen } from "../../abi/libc.ts";
import type { Act } from "../mediation.ts";
import { parseAddress } from "../words/sockets.ts";

/** The local port behind a descriptor of a process, as it is now; undefined if there is none to be seen. */
export function portOf(pid: number, fd: number): number | undefined {
  const pidfd = pidfdOpen(pid, 0);
  if (pidfd < 0) return undefined;
  const own = pidfdGetfd(pidfd, fd);
  close(pidfd);
  if (own < 0) return undefined;
  const address = Buffer.alloc(128);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(address.length);
  const named = getsockname(own, address, length);
  close(own);
  return named < 0 ? undefined : parseAddress(address, length.readUInt32LE(0))?.port;
}

/** The port that an act names. Whose it is may change, so the lens is asked each time. */
export function portIn(act: Act): number | undefined {
  const { address, family } = act.subject as { readonly address?: string; readonly family?: string };
  if (address === undefined || (family !== "inet" && family !== "inet6")) return undefined;
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
