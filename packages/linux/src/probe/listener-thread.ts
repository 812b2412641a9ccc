/**
 * A thread that installs a seccomp filter with a listener and ends: filters belong to threads, so nothing remains.
 *
 * Its filter allows every call, so that no call waits for an answer.
 */
import { parentPort } from "node:worker_threads";
import { EACCES } from "../abi/errno.ts";
import { addressOf, close, ioctl, prctl, seccomp } from "../abi/libc.ts";
import {
  BPF_RET,
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_IOCTL_NOTIF_SET_FLAGS,
  SECCOMP_RET_ALLOW,
  SECCOMP_SET_MODE_FILTER,
  SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP,
} from "../abi/seccomp.ts";

/** The kernel's answer, as errno or 0. */
export interface ListenerReport {
  readonly listener: number;
  readonly syncWakeUp: number;
}

const PR_SET_NO_NEW_PRIVS = 38;

function takeListener(): number {
  const filter = Buffer.alloc(8);
  filter.writeUInt16LE(BPF_RET, 0);
  filter.writeUInt32LE(SECCOMP_RET_ALLOW, 4);
  const program = Buffer.alloc(16);
  program.writeUInt16LE(1, 0);
  program.writeBigUInt64LE(addressOf(filter), 8);
  const take = () => seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
  const fd = take();
  return fd === -EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1) >= 0 ? take() : fd;
}

function report(): ListenerReport {
  const fd = takeListener();
  if (fd < 0) return { listener: -fd, syncWakeUp: -fd };
  const result = ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  close(fd);
  return { listener: 0, syncWakeUp: Math.max(0, -result) };
}

parentPort?.postMessage(report());
