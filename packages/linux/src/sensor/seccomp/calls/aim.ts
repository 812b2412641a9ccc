/**
 * Whom a call of one process means among the others: by number, by group, by descriptor.
 */
import { readFileSync, readlinkSync } from "node:fs";
import type { Digest } from "@isoline/core";
import { EPERM, ESRCH } from "../../../abi/errno.ts";
import { kill as probe } from "../../../abi/libc.ts";
import type { Thread } from "../tasks/process.ts";
import type { Context } from "../context.ts";
import type { Act, Verdict } from "../../mediation.ts";
import { countsAnew, numbersIn, numbersOf, pidMeant, pidOfNumber } from "../tasks/pid-numbers.ts";

export interface Target {
  readonly relation: string;
  readonly target?: Digest;
}

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
  if (!process) return probe(pid, 0) === -ESRCH ? "nobody" : { relation: "outside" };
  const relation =
    process.parent === thread.process ? "child" : process === thread.process.parent ? "parent" : "namespace";
  return { relation, target: process.identity.id };
}

/** Reports what is done to another process; the kernel refuses what is done to nobody. */
export function reach(context: Context, thread: Thread, aim: Aim, act: (target: Target) => Act): Verdict {
  if (aim === "nobody") return context.attempt();
  return aim === "itself" ? 0 : context.decide(thread, act(aim));
}

/** A group by number as the task means it: 0 its own, 1 everyone (as -1 says). */
export function aimAtGroup(context: Context, thread: Thread, group: number): Target | "nobody" {
  const numbers = numbersOf(thread.tid);
  const anew = numbers !== undefined && countsAnew(numbers);
  if (group === 0 || group === numbers?.groups.at(-1)) return { relation: "own-group" };
  if (group === 1) return { relation: "everyone" };
  if (anew || context.tasks.find(group)) return { relation: "namespace-group" };
  return willBeRefused(context, thread, -group) ? "nobody" : { relation: "outside-group" };
}

/** No such process, or not this user's: the kernel's own answer, asked with signal 0. */
export function willBeRefused(context: Context, thread: Thread, number: number): boolean {
  const result = probe(number, 0);
  return result === -ESRCH || (result === -EPERM && context.permissions.isPeer(thread));
}

/** `PIDFD_SELF` and its like (linux/pidfd.h): numbers that stand for the caller instead of a descriptor. */
const PIDFD_SELF_BELOW = -9999;

export const CLOSED = "descriptor not seen (task-closed-to-sensor)";

/** The process a descriptor of the task stands for, in our numbers: a pidfd, or a directory /proc/PID. */
export function pidBehind(thread: Thread, fd: number): number | "closed" | undefined {
  if (fd < PIDFD_SELF_BELOW) return thread.process.pid;
  try {
    const told = /^Pid:\s*(-?\d+)$/m.exec(readFileSync(`/proc/${thread.tid}/fdinfo/${fd}`, "latin1"))?.[1];
    if (told !== undefined) return Number(told) > 0 ? Number(told) : undefined;
    return pidOfDirectory(thread, fd);
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === "ENOENT" ? undefined : "closed";
  }
}

/** The directory may be of another proc mount, in which the process is called otherwise than in ours. */
function pidOfDirectory(thread: Thread, fd: number): number | undefined {
  const directory = `/proc/${thread.tid}/fd/${fd}`;
  if (!/\/\d+$/.test(readlinkSync(directory))) return undefined;
  return pidOfNumber(readlinkSync(`${directory}/ns/pid`), numbersIn(`${directory}/status`)?.pids.at(-1));
}
