/**
 * Resources and scheduling of another process: limits, priority, scheduler, placement of memory. A process may change its own
 * without mediation; the filter allows a pid of 0 if that is the first argument.
 */
import { poisoningAdvice } from "../../words/requests.ts";
import type { Thread } from "../tasks/process.ts";
import type { Context, Decoder } from "../context.ts";
import type { Verdict } from "../../mediation.ts";
import { pidMeant } from "../tasks/pid-numbers.ts";
import {
  type MaybeTarget,
  targetGroup,
  targetByPid,
  CLOSED,
  holdsSupervisor,
  pidBehind,
  actOn,
  type Target,
} from "./targets.ts";
import { admin } from "./kernel.ts";

/** A call whose first argument is a process or thread; 0 is the caller. */
export function adjust(call: string): Decoder {
  return (context, thread) => adjusting(context, thread, call, context.call.int(0));
}

function adjusting(context: Context, thread: Thread, call: string, number: number): Verdict {
  if (number === 0) return 0;
  // No task has such a number, and it is in a register.
  if (number < 0) return 0;
  return report(context, thread, call, targetByPid(context, thread, pidMeant(thread, number)));
}

function report(
  context: Context,
  thread: Thread,
  call: string,
  found: MaybeTarget,
  reachesSupervisor = false,
): Verdict {
  const act = (target: Target) => ({ op: "adjust" as const, subject: { call, ...target } });
  return actOn(context, thread, found, act, reachesSupervisor);
}

/** 0 is the caller's own user; in another user namespace a number may mean any user. Only processes that the caller sees are meant. */
function isSupervisorsUser({ peers }: Context, thread: Thread, who: number): boolean {
  const own = process.getuid?.();
  if (thread.process.countsAnew) return false;
  return !peers.sharesUsers(thread) || who === own || (who === 0 && thread.credentials.uid === own);
}

/** `prlimit64(pid, resource, new, old)` without new limits only reads. */
export const prlimit64: Decoder = (context, thread) =>
  context.call.isNull(2) ? 0 : adjusting(context, thread, "prlimit64", context.call.int(0));

/** Since Linux 6.14 the caller may be the target, and may request everything that `madvise` does. */
export const processMadvise: Decoder = (context, thread) =>
  poisoningAdvice.includes(context.call.u32(3))
    ? admin("process_madvise")(context, thread)
    : adjustByDescriptor("process_madvise")(context, thread);

/** `process_madvise` and `process_mrelease` take a pidfd. */
export function adjustByDescriptor(call: string): Decoder {
  return (context, thread) => {
    const pid = pidBehind(thread, context.call.int(0));
    if (pid === "closed") return context.notSeen(thread, CLOSED);
    if (typeof pid === "object") return context.refuses(pid.refusedWith);
    return report(context, thread, call, targetByPid(context, thread, pid));
  };
}

/**
 * `setpriority(which, who, …)` and `ioprio_set(which, who, …)`: a process, a group or all processes of a user, counted from 0
 * (sys/resource.h) or from 1 (linux/ioprio.h).
 */
export function priority(call: string, first: 0 | 1): Decoder {
  return (context, thread) => {
    const who = context.call.int(1);
    switch (context.call.int(0) - first) {
      case 0:
        return adjusting(context, thread, call, who);
      case 1:
        if (who < 0) return 0;
        return report(context, thread, call, targetGroup(context, thread, who), holdsSupervisor(thread, who));
      case 2:
        return report(context, thread, call, { relation: "user" }, isSupervisorsUser(context, thread, who));
      default:
        // No such kind, in a register: EINVAL.
        return 0;
    }
  };
}
