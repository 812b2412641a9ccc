/**
 * Whom a call of one process means among the others: by number, by group, by descriptor.
 */
import { readFileSync, readlinkSync } from "node:fs";
import type { Digest } from "@isoline/core";
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

const SUPERVISOR = "supervisor";

/** With whom something is exchanged: with nobody if it is the task itself, or if there is no such process. */
export type Aim = Target | "itself" | "nobody";

/** A process by number as the task means it. */
export function aimAt(context: Context, thread: Thread, number: number): Aim {
  return number <= 0 ? "nobody" : aimAtPid(context, thread, pidMeant(thread, number));
}

/** A process by its number among ours; one that a task sees in a pid namespace of its own is in ours as well, found or not. */
export function aimAtPid(context: Context, thread: Thread, pid: number | undefined): Aim {
  if (pid === undefined) return { relation: "namespace" };
  const process = context.tasks.find(pid);
  if (process === thread.process) return "itself";
  if (!process && context.tasks.launchers.serves(pid)) return { relation: SUPERVISOR };
  // 0 would ask about our own group.
  if (!process) return pid > 0 && probe(pid, 0) === -ESRCH ? "nobody" : { relation: "outside" };
  const relation =
    process.parent === thread.process ? "child" : process === thread.process.parent ? "parent" : "namespace";
  return { relation, target: process.identity.id };
}

/**
 * Reports what is done to another process. Where there is none the call fails here: one may be born before the kernel looks. What
 * is done to the supervisor, or to others and the supervisor among them, is refused whatever the contour says.
 */
export function reach(
  context: Context,
  thread: Thread,
  aim: Aim,
  act: (target: Target) => Act,
  reachesSupervisor = false,
): Verdict {
  if (aim === "nobody") return context.refuses(ESRCH);
  // The caller's own number stays its own for as long as it waits.
  if (aim === "itself") return 0;
  const isKept = reachesSupervisor || aim.relation === SUPERVISOR;
  return isKept ? context.keep(thread, act(aim)) : decideOften(context, thread, act(aim));
}

/**
 * Signals are sent in storms, and each interrupts whoever waits until its own call is received: what was decided before is
 * recognised, which takes a third of the time.
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

/** A group by number as the task means it: 0 its own, 1 everyone (as -1 says). */
export function aimAtGroup(context: Context, thread: Thread, group: number): Target | "nobody" {
  const numbers = numbersOf(thread.tid);
  const anew = numbers !== undefined && countsAnew(numbers);
  if (group === 0 || group === numbers?.groups.at(-1)) return { relation: "own-group" };
  if (group === 1) return { relation: "everyone" };
  if (anew || context.tasks.find(group)) return { relation: "namespace-group" };
  return probe(-group, 0) === -ESRCH ? "nobody" : { relation: "outside-group" };
}

/** Whether the supervisor is of a group, given as `aimAtGroup` takes it. A group has one number for good. */
export function holdsSupervisor(thread: Thread, group: number): boolean {
  const numbers = numbersOf(thread.tid);
  if (numbers === undefined) return true;
  // The caller's own may have begun outside of its pid namespace, in which it has no number.
  if (group === 0 || group === numbers.groups.at(-1)) return numbers.groups[0] === getpgrp();
  return !countsAnew(numbers) && (group === 1 || group === getpgrp());
}

/** The same session may wake a process of any user (kernel/signal.c, check_kill_permission). */
const SIGCONT = 18;

/** No such process (or group, if negative), or not this user's: the errno of the kernel's own answer, asked with signal 0; else 0. */
export function signalRefusal(context: Context, thread: Thread, number: number, signalNumber: number): number {
  const result = probe(number, 0);
  if (result === -ESRCH) return ESRCH;
  return result === -EPERM && signalNumber !== SIGCONT && context.permissions.isPeer(thread) ? EPERM : 0;
}

/** `PIDFD_SELF` and its like (linux/pidfd.h): numbers that stand for the caller instead of a descriptor. */
const PIDFD_SELF_BELOW = -9999;

export const CLOSED = "descriptor not seen (task-closed-to-sensor)";

/**
 * The process a descriptor of the task stands for, in our numbers (0 if it is not among them): a pidfd, or a directory
 * /proc/PID. Otherwise the kernel's own error: EBADF where it stands for none, ESRCH where that is gone.
 */
export function pidBehind(thread: Thread, fd: number): number | "closed" | Refusal {
  if (fd < PIDFD_SELF_BELOW) return thread.process.pid;
  const directory = `/proc/${thread.tid}/fd/${fd}`;
  try {
    const told = /^Pid:\s*(-?\d+)$/m.exec(readFileSync(`/proc/${thread.tid}/fdinfo/${fd}`, "latin1"))?.[1];
    if (told !== undefined) return Number(told) >= 0 ? Number(told) : { refusedWith: ESRCH };
    if (!/\/\d+$/.test(readlinkSync(directory))) return { refusedWith: EBADF };
  } catch (fault) {
    return isMissing(fault) ? { refusedWith: EBADF } : "closed";
  }
  try {
    return pidOfDirectory(directory) ?? { refusedWith: ESRCH };
  } catch (fault) {
    return isMissing(fault) ? { refusedWith: ESRCH } : "closed";
  }
}

/** The directory may be of another proc mount, in which the process is called otherwise than in ours. */
function pidOfDirectory(directory: string): number | undefined {
  return pidOfNumber(readlinkSync(`${directory}/ns/pid`), numbersIn(`${directory}/status`)?.pids.at(-1));
}

function isMissing(fault: unknown): boolean {
  return (fault as NodeJS.ErrnoException).code === "ENOENT" || (fault as NodeJS.ErrnoException).code === "ESRCH";
}
