/** Checks whether a process still has the same ids and capabilities, at a tenth of the cost of reading them from /proc. */
import type { Credentials } from "@isoline/core";
import { capget, ioctl } from "../abi/libc.ts";

/** `_IOWR(0xFF, 11, struct pidfd_info)` in its first size, of 64 bytes (linux/pidfd.h, since 6.13). */
const PIDFD_GET_INFO = 0xc040_ff0b;
const PIDFD_INFO_CREDS = 2;
/** _LINUX_CAPABILITY_VERSION_3 */
const CAPABILITY_VERSION = 0x2008_0522;

/** u64 mask, u64 cgroup, u32 pid, tgid, ppid, then ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid, s32 exit code. */
const info: Buffer = Buffer.alloc(64);
const IDS_AT = 28;
const header: Buffer = Buffer.alloc(8);
/** Effective, permitted and inheritable, the lower halves and then the upper. */
const data: Buffer = Buffer.alloc(24);

/** Also false if it cannot be determined: an older kernel, another user namespace, a process that has ended. */
export function keepsCredentials(pid: number, pidfd: number, before: Credentials): boolean {
  if (pidfd < 0) return false;
  info.fill(0);
  info.writeUInt32LE(PIDFD_INFO_CREDS, 0);
  if (ioctl(pidfd, PIDFD_GET_INFO, info) < 0 || (info.readUInt32LE(0) & PIDFD_INFO_CREDS) === 0) return false;
  const ids = [before.uid, before.gid, before.euid, before.egid, before.suid, before.sgid, before.fsuid, before.fsgid];
  if (!ids.every((id, index) => info.readUInt32LE(IDS_AT + 4 * index) === id)) return false;
  header.writeUInt32LE(CAPABILITY_VERSION, 0);
  header.writeInt32LE(pid, 4);
  if (capget(header, data) < 0) return false;
  return (BigInt(data.readUInt32LE(0)) | (BigInt(data.readUInt32LE(12)) << 32n)) === before.capabilities;
}
