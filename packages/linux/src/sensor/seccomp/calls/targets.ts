/** The target of a call that acts on other processes: by number, by group, by descriptor. */
import { readFileSync, readlinkSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import { EBADF, EPERM, ESRCH } from "../../../abi/errno.ts";
import { getpgrp, kill as probe } from "../../../abi/libc.ts";
import type { Thread } from "../tasks/process.ts";
import type { Context } from "../context.ts";
import type { Act, Refusal, Verdict } from "../../mediation.ts";
import { countsAnew, numbersIn, numbersOf, pidMeant, pidOfNumber } from "../tasks/pid-numbers.ts";

export interface Target {
  readonly relation: string;
  readonly target?: Digest;
}

export const SUPERVISOR = "supervisor";

/** The targets that count: none if the target is the task itself or does not exist. */
export type MaybeTarget = Target | "itself" | "none";

/** A process by number, as the task means it. */
export function targetByNumber(context: Context, thread: Thread, number: number): MaybeTarget {
  return number <= 0 ? "none" : targetByPid(context, thread, pidMeant(thread, number));
}

/**
 * A process by its number as the supervisor sees it. A process that a task sees in its own pid namespace has such a number,
 * found or not.
 */
export function targetByPid(context: Context, thread: Thread, pid: number | undefined): MaybeTarget {
  if (pid === undefined) return { relation: "namespace" };
  const process = context.tasks.find(pid);
  if (process === thread.process) return "itself";
  if (!process && context.tasks.launchers.serves(pid)) return { relation: SUPERVISOR };
  // 0 would query the supervisor's own group.
  if (!process) return pid > 0 && probe(pid, 0) === -ESRCH ? "none" : { relation: "outside" };
  const relation =
    process.parent === thread.process ? "child" : process === thread.process.parent ? "parent" : "namespace";
  return { relation, target: process.identity.id };
}

/**
 * Reports an act on another process. If the target does not exist the call fails here: it may be created before the kernel
 * looks. An act on the supervisor, or on a group that includes it, is refused whatever the contour says.
 */
export function actOn(
  context: Context,
  thread: Thread,
  target: MaybeTarget,
  act: (target: Target) => Act,
  reachesSupervisor = false,
): Verdict {
  if (target === "none") return context.refuses(ESRCH);
  // The caller's own number stays its own while it waits.
  if (target === "itself") return 0;
  const isKept = reachesSupervisor || target.relation === SUPERVISOR || reachesAsked(context, act(target));
  return isKept ? context.keep(thread, act(target)) : decideOften(context, thread, act(target));
}

/** Acts by which a task takes hold of a process outside, where a person may be asked: it could answer in the person's place. */
function reachesAsked({ mediator }: Context, { op, subject }: Act): boolean {
  const takesHold = op === "ptrace" || op === "vm" || op === "getfd" || op === "perf";
  return mediator.asking !== undefined && takesHold && subject.relation === "outside";
}

/**
 * Signals are sent in bursts, and each interrupts waiting tasks until its own call is received. So a repeated one is recognised
 * by its key, which takes a third of the time.
 */
export function decideOften(context: Context, thread: Thread, act: Act): Verdict {
  if (act.op !== "kill") return context.decide(thread, act);
  const { signal, relation, target } = act.subject;
  const key = context
    .keyFor("kill", thread)
    .u32(signal)
    .text(Buffer.from(`${relation} ${target ?? ""}`));
  return context.exchange(thread, key, () => act);
}

/** A group by number, as the task means it: 0 is its own, 1 every process (kill's -1). */
export function targetGroup(context: Context, thread: Thread, group: number): Target | "none" {
  const numbers = numbersOf(thread.tid);
  const anew = numbers !== undefined && countsAnew(numbers);
  if (group === 0 || group === numbers?.groups.at(-1)) return { relation: "own-group" };
  if (group === 1) return { relation: "everyone" };
  if (anew || context.tasks.find(group)) return { relation: "namespace-group" };
  return probe(-group, 0) === -ESRCH ? "none" : { relation: "outside-group" };
}

/** Whether the supervisor belongs to a group, given as `targetGroup` takes it. The number of a group does not change. */
export function holdsSupervisor(thread: Thread, group: number): boolean {
  const numbers = numbersOf(thread.tid);
  if (numbers === undefined) return true;
  // The caller's own group may have been created outside its pid namespace, in which it has no number.
  if (group === 0 || group === numbers.groups.at(-1)) return numbers.groups[0] === getpgrp();
  return !countsAnew(numbers) && (group === 1 || group === getpgrp());
}

/** A process may send SIGCONT to any process of its session (kernel/signal.c, check_kill_permission). */
const SIGCONT = 18;

/**
 * The errno that the kernel gives if the process (or group, if negative) does not exist or belongs to another user, found with
 * signal 0; otherwise 0.
 */
export function signalRefusal(context: Context, thread: Thread, number: number, signalNumber: number): number {
  const result = probe(number, 0);
  if (result === -ESRCH) return ESRCH;
  return result === -EPERM && signalNumber !== SIGCONT && context.permissions.isPeer(thread) ? EPERM : 0;
}

/** `PIDFD_SELF` and similar numbers (linux/pidfd.h) that stand for the caller instead of a descriptor. */
const PIDFD_SELF_BELOW = -9999;

export const CLOSED = "descriptor not seen (task-closed-to-sensor)";

/** What a descriptor stands for. */
export type Behind = number | "closed" | Refusal;

/**
 * The process that a descriptor of the task stands for, by its number as the supervisor sees it (0 if it has none): a pidfd, or
 * a directory /proc/PID. Otherwise the kernel's own error: EBADF for another kind of descriptor, ESRCH if the process has
 * ended.
 */
export function pidBehind(thread: Thread, fd: number): Behind {
  return fd < PIDFD_SELF_BELOW ? thread.process.pid : pidOfDescriptor(thread.tid, fd);
}

/** The same for a descriptor of the supervisor. */
export function pidBehindOwn(own: number): Behind {
  return pidOfDescriptor("self", own);
}

function pidOfDescriptor(holder: number | "self", fd: number): Behind {
  const directory = `/proc/${holder}/fd/${fd}`;
  try {
    const told = /^Pid:\s*(-?\d+)$/m.exec(readFileSync(`/proc/${holder}/fdinfo/${fd}`, "latin1"))?.[1];
    if (told !== undefined) return Number(told) >= 0 ? Number(told) : { refusedWith: ESRCH };
    // Of a process that has ended, the link says so once another process has the number.
    if (!/\/\d+(?: \(deleted\))?$/.test(readlinkSync(directory))) return { refusedWith: EBADF };
  } catch (fault) {
    return isMissing(fault) ? { refusedWith: EBADF } : "closed";
  }
  try {
    return pidOfDirectory(directory) ?? { refusedWith: ESRCH };
  } catch (fault) {
    return isMissing(fault) ? { refusedWith: ESRCH } : "closed";
  }
}

/** The directory may belong to another proc mount, in which the process has another number. */
function pidOfDirectory(directory: string): number | undefined {
  return pidOfNumber(readlinkSync(`${directory}/ns/pid`), numbersIn(`${directory}/status`)?.pids.at(-1));
}

function isMissing(fault: unknown): boolean {
  return (fault as NodeJS.ErrnoException).code === "ENOENT" || (fault as NodeJS.ErrnoException).code === "ESRCH";
}
