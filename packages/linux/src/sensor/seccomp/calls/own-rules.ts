/**
 * `landlock_restrict_self(ruleset, flags)`: a task puts Landlock rules on itself, for good, and on all that it starts.
 *
 * It takes rights from the caller alone, and is an event all the same. The supervisor makes no call any more in place of such a task,
 * because that would bypass its rules; and what the task does itself another thread may change after the verdict.
 *
 * A call that cannot succeed is answered here, and marks no task. It does not go ahead, because another thread could put a set of rules
 * under the number before the kernel looks.
 */
import { readlinkSync } from "node:fs";
import { EBADF, EBADFD, EINVAL, EPERM } from "../../../abi/errno.ts";
import { landlockVersion } from "../../../abi/landlock.ts";
import { closeSoon } from "../../../process/moment.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { Decoder } from "../context.ts";
import { duplicate } from "../surroundings/task-socket.ts";
import type { Thread } from "../tasks/process.ts";
import { isPathOnly } from "./objects.ts";

/** linux/landlock.h: the flags of version 7. All are about the audit log, and the last one needs no rules. */
const VERSION_WITH_FLAGS = 7;
const LOG_FLAGS = 7;
const LOG_SUBDOMAINS_OFF = 4;
const CAP_SYS_ADMIN = 1n << 21n;

export const landlockRestrictSelf: Decoder = (context, thread) => {
  const { call } = context;
  const flags = call.u32(1);
  const refused = refusal(thread, call.int(0), flags, landlockVersion());
  if (refused !== 0) return context.refuses(refused);
  // Both words are in registers: there are no rules, whatever happens meanwhile.
  if (needsNoRules(call.int(0), flags)) return 0;
  const verdict = context.decide(thread, {
    op: "prctl",
    subject: { option: "landlock-restrict-self", value: String(flags) },
  });
  if (context.listener.goesAhead(verdict)) context.tasks.restrictsItself(thread);
  return verdict;
};

const needsNoRules = (descriptor: number, flags: number): boolean => descriptor === -1 && flags === LOG_SUBDOMAINS_OFF;

/**
 * The errno with which the kernel refuses the call, in its order (security/landlock/syscalls.c); 0 if it might succeed, or that cannot
 * be told.
 */
function refusal(thread: Thread, descriptor: number, flags: number, version: number): number {
  if (version < 0) return -version;
  if (!mayRestrictItself(thread)) return EPERM;
  const known = version < VERSION_WITH_FLAGS ? 0 : LOG_FLAGS;
  if ((flags & ~known) !== 0) return version > VERSION_WITH_FLAGS ? 0 : EINVAL;
  return needsNoRules(descriptor, flags) ? 0 : refusalOfRules(thread, descriptor);
}

/** Only a task that gains no rights by an exec, or that may administer its user namespace. True if it cannot be told. */
function mayRestrictItself({ tid }: Thread): boolean {
  const status = readProcFile(`/proc/${tid}/status`) ?? "";
  const [, effective, gainsNone] = /^CapEff:\s+([0-9a-f]+)$[^]*^NoNewPrivs:\s+([01])$/m.exec(status) ?? [];
  if (effective === undefined || gainsNone !== "0") return true;
  return (BigInt(`0x${effective}`) & CAP_SYS_ADMIN) !== 0n;
}

function refusalOfRules(thread: Thread, descriptor: number): number {
  if (descriptor < 0) return EBADF;
  const own = duplicate(thread, descriptor);
  if (own < 0) return own === -EBADF ? EBADF : 0;
  try {
    if (mayBeRules(own)) return 0;
    return isPathOnly(own) ? EBADF : EBADFD;
  } finally {
    closeSoon(own);
  }
}

/** By the name that the kernel gives such a descriptor, `anon_inode:[landlock-ruleset]`. True if it cannot be told. */
function mayBeRules(own: number): boolean {
  try {
    return /^anon_inode:.*landlock/.test(readlinkSync(`/proc/self/fd/${own}`));
  } catch {
    return true;
  }
}
