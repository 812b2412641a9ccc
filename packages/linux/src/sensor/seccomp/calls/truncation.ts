/** truncate: a file is cut, or extended by zeros. */
import { readFileSync } from "node:fs";
import { EAGAIN, EFBIG, EINVAL, EISDIR, EMFILE, ENFILE } from "../../../abi/errno.ts";
import { close, tgkill } from "../../../abi/libc.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { O_CLOEXEC, O_NONBLOCK, O_WRONLY } from "../../../abi/stat.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import type { Context, Decoder } from "../context.ts";
import type { Act, Verdict } from "../../mediation.ts";
import { type Found, reopen } from "../../files/found.ts";
import { WRITE } from "../../words/access.ts";
import type { Thread } from "../tasks/process.ts";
import { type Held, plain, withHeld } from "./objects.ts";

const UNKNOWN = { mode: 0, uid: 0, gid: 0, fs: "?" };
const SIGXFSZ = 25;

export const truncate: Decoder = (context, thread) => {
  const unresolved = (path: string): Act => ({ op: "truncate", subject: { path, ...UNKNOWN } });
  const length = BigInt.asIntN(64, context.call.pointer(1));
  if (length < 0n) return context.refuses(EINVAL);
  return withHeld(context, thread, plain(0), true, unresolved, (held) => cut(context, thread, held, length));
};

function cut(context: Context, thread: Thread, held: Held, length: bigint): Verdict {
  const { found } = held;
  const refusal = () => refusalOfKind(found) || context.permissions.refusal(found, WRITE, thread);
  context.building.cuts(found);
  if (isTooLong(thread.tid, found, length)) return refuseLength(context, thread, refusal());
  const isOurs = held.isReached && !isTooLong(process.pid, found, length) && !isLeased(found);
  return context.carryOut(thread, {
    act: { op: "truncate", subject: context.files.describe(found) },
    refusal,
    call: isOurs ? () => cutWithoutWaiting(found, length) : undefined,
    mayBlock: true,
  });
}

/**
 * By path the call would wait for the holder of a lease, which may have been taken since this was looked at, and may be waiting for the
 * supervisor. An open does not wait; while the file is open for writing, no lease can be taken.
 */
function cutWithoutWaiting({ fd }: Found, length: bigint): number {
  const own = reopen(fd, O_WRONLY | O_NONBLOCK | O_CLOEXEC, false);
  if (own < 0) return own === -EMFILE || own === -ENFILE ? -EAGAIN : own;
  try {
    return rawCall(syscallNumbers.ftruncate, [own, length]);
  } finally {
    close(own);
  }
}

function refusalOfKind({ stat }: Found): number {
  return stat.isRegular ? 0 : stat.isDirectory ? EISDIR : EINVAL;
}

/** Beyond the caller's limit for files the kernel signals the caller (fs/attr.c, inode_newsize_ok), which would be the supervisor. */
function refuseLength(context: Context, thread: Thread, earlier: number): Verdict {
  if (earlier !== 0) return context.refuses(earlier);
  if (context.listener.stillWaiting()) tgkill(thread.process.pid, thread.tid, SIGXFSZ);
  return context.refuses(EFBIG);
}

/** Whether a length exceeds what a thread may extend a file to; the limit applies only to a file that grows. */
function isTooLong(tid: number, { stat }: Found, length: bigint): boolean {
  return stat.isRegular && length > BigInt(stat.size) && exceedsLimit(tid, length);
}

/** Whether a length exceeds the limit of a thread's files. */
export function exceedsLimit(tid: number, length: bigint): boolean {
  if (length <= 0n) return false;
  // prlimit(2) needs a right that a supervisor may lack; this file is readable for every process.
  const [, limit] = /^Max file size\s+(\d+) /m.exec(readProcFile(`/proc/${tid}/limits`) ?? "") ?? [];
  return limit !== undefined && length > BigInt(limit);
}

/** Whether a process has a lease on the file: the call would wait for it, and it may be waiting for the supervisor. */
function isLeased({ stat }: Found): boolean {
  try {
    const inode = new RegExp(`^\\d+: (?:LEASE|DELEG) .*:${stat.inode} `, "m");
    return inode.test(readFileSync("/proc/locks", "latin1"));
  } catch {
    return false;
  }
}
