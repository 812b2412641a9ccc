/**
 * Core scheduling: threads with different cookies never run at the same time on the hardware threads of one core
 * (Documentation/admin-guide/hw-vuln/core-scheduling.rst; Linux 5.14, CONFIG_SCHED_CORE).
 */
import { getSystemErrorName } from "node:util";
import { prctl, prctlInto } from "../abi/libc.ts";
import type { Offer, Outcome } from "./setting.ts";

/** linux/prctl.h */
const PR_SCHED_CORE = 62;
const GET = 0;
const CREATE = 1;
const THREAD = 0;
const THREAD_GROUP = 1;
const ENODEV = 19;
const ESRCH = 3;

/** A new cookie for a process with all its threads, or for the calling thread (0). What they start inherits it. */
export function createCookie(pid: number): Outcome {
  const result = prctl(PR_SCHED_CORE, CREATE, pid, pid === 0 ? THREAD : THREAD_GROUP, 0);
  if (result === -ESRCH) return { is: "gone" };
  // Without hardware threads no core is ever shared at the same time.
  if (result === -ENODEV) return { is: "not-affected" };
  return result < 0 ? { is: "refused", why: said(result) } : { is: "set" };
}

/** The cookie of a thread as a number that only tells cookies apart; 0 for none, undefined where it cannot be read. */
export function cookieOf(tid: number): bigint | undefined {
  const out = Buffer.alloc(8);
  return prctlInto(PR_SCHED_CORE, GET, tid, THREAD, out) < 0 ? undefined : out.readBigUInt64LE(0);
}

export function offerCoreScheduling(): Offer {
  const result = prctlInto(PR_SCHED_CORE, GET, 0, THREAD, Buffer.alloc(8));
  const works = result >= 0 || result === -ENODEV;
  return { name: "own-core", works, detail: result >= 0 ? "a process can have a core to itself" : said(result) };
}

function said(result: number): string {
  if (result === -ENODEV) return "no core has more than one hardware thread, as far as this kernel sees";
  return `the kernel answers ${getSystemErrorName(result)}: it is older than 5.14, was built without CONFIG_SCHED_CORE, or the process is not ours`;
}
