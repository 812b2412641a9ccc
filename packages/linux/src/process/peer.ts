/** The process at the other end of a Unix socket, as the kernel recorded it at connect time. */
import { getsockopt } from "../abi/libc.ts";

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

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
