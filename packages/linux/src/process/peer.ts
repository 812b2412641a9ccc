/** The process at the other end of a Unix socket, as the kernel recorded it at connect time. */
import { close, getsockopt, pidfdOpen, pidfdSendSignal } from "../abi/libc.ts";
import { isUnderMoreFilters } from "./filters.ts";
import { readProcFile } from "./proc-file.ts";

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERPIDFD = 77;
const ENOPROTOOPT = 92;

export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** `SO_PEERCRED` of a connected Unix socket; undefined if the kernel does not report it. */
export function peerOf(fd: number): Peer | undefined {
  const credentials = Buffer.alloc(12);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(12);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) < 0) return undefined;
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4), gid: credentials.readUInt32LE(8) };
}

/**
 * Whether the process that connected is certainly in no namespace of the seccomp sensor. It is held by a descriptor while it is looked
 * at, so that another process with its number cannot stand in for it. One that has ended, or cannot be told, is not.
 *
 * Kernels before 6.5 have no descriptor of the very process that connected: there its number is looked up.
 */
export function isOutside(fd: number): boolean {
  const peer = peerOf(fd);
  if (peer === undefined || peer.pid <= 0) return false;
  const pidfd = pidfdOfPeer(fd, peer.pid);
  if (pidfd < 0) return false;
  try {
    const told = /^Pid:\s*(-?\d+)$/m.exec(readProcFile(`/proc/self/fdinfo/${pidfd}`) ?? "")?.[1];
    if (Number(told) !== peer.pid || isUnderMoreFilters(peer.pid)) return false;
    return pidfdSendSignal(pidfd, 0) >= 0;
  } finally {
    close(pidfd);
  }
}

/** A process that connected, held by a descriptor that stands for it and for no later process of its number. */
export interface HeldPeer extends Peer {
  readonly pidfd: number;
  /** Whether the kernel gave the descriptor of the very process that connected; otherwise it was looked up by number. */
  readonly isProven: boolean;
}

/** The process that connected to a Unix socket. The caller closes its descriptor. Undefined if it has ended, or cannot be told. */
export function heldPeerOf(fd: number): HeldPeer | undefined {
  const peer = peerOf(fd);
  if (peer === undefined || peer.pid <= 0) return undefined;
  const proven = provenPidfd(fd);
  const pidfd = proven === -ENOPROTOOPT ? pidfdOpen(peer.pid, 0) : proven;
  if (pidfd < 0) return undefined;
  const told = /^Pid:\s*(-?\d+)$/m.exec(readProcFile(`/proc/self/fdinfo/${pidfd}`) ?? "")?.[1];
  if (Number(told) === peer.pid) return { ...peer, pidfd, isProven: proven >= 0 };
  close(pidfd);
  return undefined;
}

/** Whether the process that a descriptor stands for still exists. */
export function isThere(pidfd: number): boolean {
  return pidfdSendSignal(pidfd, 0) >= 0;
}

/** A descriptor of the process that connected, or a negative errno. */
function pidfdOfPeer(fd: number, pid: number): number {
  const proven = provenPidfd(fd);
  return proven === -ENOPROTOOPT ? pidfdOpen(pid, 0) : proven;
}

/** The same where the kernel has one of the very process (Linux 6.5), else -ENOPROTOOPT. */
function provenPidfd(fd: number): number {
  const [value, size] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeInt32LE(4);
  const asked = getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, value, size);
  return asked < 0 ? asked : value.readInt32LE(0);
}

/** A descriptor of the process that has this number now; negative if there is none. The caller closes it. */
export function holdProcess(pid: number): number {
  return pidfdOpen(pid, 0);
}
