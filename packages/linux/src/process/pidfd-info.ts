/** What a pidfd tells of its process, since Linux 6.13, at a tenth of the cost of reading the same from /proc. */
import type { Credentials } from "@isoline/core/event";
import { capget, ioctl } from "../abi/libc.ts";

/** `_IOWR(0xFF, 11, struct pidfd_info)` in its first size, of 64 bytes (linux/pidfd.h, since 6.13). */
const PIDFD_GET_INFO = 0xc040_ff0b;
const PIDFD_INFO_PID = 1;
const PIDFD_INFO_CREDS = 2;
const WANTED = PIDFD_INFO_PID | PIDFD_INFO_CREDS;
/** _LINUX_CAPABILITY_VERSION_3 */
const CAPABILITY_VERSION = 0x2008_0522;

/** u64 mask, u64 cgroup, u32 pid, tgid, ppid, then ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid, s32 exit code. */
const info: Buffer = Buffer.alloc(64);
const TGID_AT = 20;
const PPID_AT = 24;
const IDS_AT = 28;
const header: Buffer = Buffer.alloc(8);
/** Effective, permitted and inheritable, the lower halves and then the upper. */
const data: Buffer = Buffer.alloc(24);

/** The numbers of a process and of its parent. Undefined on older kernels, and if the process is gone. */
export function familyOf(pidfd: number): { readonly tgid: number; readonly ppid: number } | undefined {
  return ask(pidfd) ? { tgid: info.readUInt32LE(TGID_AT), ppid: info.readUInt32LE(PPID_AT) } : undefined;
}

/**
 * Whether the first thread of a process has these ids and effective capabilities. Also false if it cannot be determined: an
 * older kernel, another user namespace, a process that has ended.
 */
export function actsWith(pid: number, pidfd: number, ids: Credentials): boolean {
  if (pidfd < 0 || !ask(pidfd)) return false;
  const areThose =
    info.readUInt32LE(IDS_AT) === ids.uid &&
    info.readUInt32LE(IDS_AT + 4) === ids.gid &&
    info.readUInt32LE(IDS_AT + 8) === ids.euid &&
    info.readUInt32LE(IDS_AT + 12) === ids.egid &&
    info.readUInt32LE(IDS_AT + 16) === ids.suid &&
    info.readUInt32LE(IDS_AT + 20) === ids.sgid &&
    info.readUInt32LE(IDS_AT + 24) === ids.fsuid &&
    info.readUInt32LE(IDS_AT + 28) === ids.fsgid;
  if (!areThose) return false;
  header.writeUInt32LE(CAPABILITY_VERSION, 0);
  header.writeInt32LE(pid, 4);
  if (capget(header, data) < 0) return false;
  return (BigInt(data.readUInt32LE(0)) | (BigInt(data.readUInt32LE(12)) << 32n)) === ids.capabilities;
}

function ask(pidfd: number): boolean {
  info.fill(0);
  info.writeUInt32LE(WANTED, 0);
  return ioctl(pidfd, PIDFD_GET_INFO, info) >= 0 && (info.readUInt32LE(0) & WANTED) === WANTED;
}
