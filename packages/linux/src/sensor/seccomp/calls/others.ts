/**
 * What one process does to another: signals, ptrace, memory, descriptors.
 */
import { readFileSync, readlinkSync } from "node:fs";
import type { Digest } from "@isoline/core";
import { EPERM, ESRCH } from "../../../abi/errno.ts";
import { kill as probe } from "../../../abi/libc.ts";
import type { Thread } from "../actors.ts";
import type { Context, Decoder } from "../context.ts";
import type { Act, Verdict } from "../mediation.ts";
import { countsAnew, numbersIn, numbersOf, pidMeant, pidOfNumber } from "../pid-numbers.ts";

interface Target {
  readonly relation: string;
  readonly target?: Digest;
}

/** With whom something is exchanged: with nobody if it is the task itself, or if there is no such process. */
type Aim = Target | "itself" | "nobody";

/** A process by number as the task means it. */
function aimAt(context: Context, thread: Thread, number: number): Aim {
  return number <= 0 ? "nobody" : aimAtPid(context, thread, pidMeant(thread, number));
}

/** A process by its number among ours; one that a task sees in a pid namespace of its own is in ours as well, found or not. */
function aimAtPid(context: Context, thread: Thread, pid: number | undefined): Aim {
  if (pid === undefined) return { relation: "namespace" };
  const process = context.tasks.find(pid);
  if (process === thread.process) return "itself";
  if (!process) return probe(pid, 0) === -ESRCH ? "nobody" : { relation: "outside" };
  const relation =
    process.parent === thread.process ? "child" : process === thread.process.parent ? "parent" : "namespace";
  return { relation, target: process.identity.id };
}

/** Reports what is done to another process; the kernel refuses what is done to nobody. */
function reach(context: Context, thread: Thread, aim: Aim, act: (target: Target) => Act): Verdict {
  if (aim === "nobody") return context.attempt();
  return aim === "itself" ? 0 : context.decide(thread, act(aim));
}

function signal(context: Context, thread: Thread, number: number, signalNumber: number): Verdict {
  if (number <= 0) return context.attempt();
  return signalPid(context, thread, pidMeant(thread, number), signalNumber);
}

function signalPid(context: Context, thread: Thread, pid: number | undefined, signalNumber: number): Verdict {
  if (signalNumber === 0 || signalNumber > 64) return context.attempt();
  const aim = aimAtPid(context, thread, pid);
  const isOutside = typeof aim === "object" && aim.relation === "outside";
  if (isOutside && pid !== undefined && willBeRefused(context, thread, pid)) return context.attempt();
  return reach(context, thread, aim, (target) => ({ op: "kill", subject: { signal: signalNumber, ...target } }));
}

/** A group by number as the task means it: 0 its own, 1 everyone (as -1 says). */
function signalGroup(context: Context, thread: Thread, group: number, signalNumber: number): Verdict {
  if (signalNumber === 0 || signalNumber > 64) return context.attempt();
  const numbers = numbersOf(thread.tid);
  const anew = numbers !== undefined && countsAnew(numbers);
  if (group === 0 || group === numbers?.groups.at(-1)) return groupEvent(context, thread, "own-group", signalNumber);
  if (group === 1) return groupEvent(context, thread, "everyone", signalNumber);
  if (anew || context.tasks.find(group)) return groupEvent(context, thread, "namespace-group", signalNumber);
  if (willBeRefused(context, thread, -group)) return context.attempt();
  return groupEvent(context, thread, "outside-group", signalNumber);
}

function groupEvent(context: Context, thread: Thread, relation: string, signalNumber: number): Verdict {
  return context.decide(thread, { op: "kill", subject: { signal: signalNumber, relation } });
}

/** No such process, or not this user's: the kernel's own answer, asked with signal 0. */
function willBeRefused(context: Context, thread: Thread, number: number): boolean {
  const result = probe(number, 0);
  return result === -ESRCH || (result === -EPERM && context.permissions.isPeer(thread));
}

export const kill: Decoder = (context, thread) => {
  const number = context.call.int(0);
  if (number <= 0) return signalGroup(context, thread, -number, context.call.u32(1));
  return signal(context, thread, number, context.call.u32(1));
};
/** `rt_sigqueueinfo(tgid, sig, info)` and `tkill(tid, sig)` know no groups. */
export const tkill: Decoder = (context, thread) => signal(context, thread, context.call.int(0), context.call.u32(1));
/** `tgkill(tgid, tid, sig)`, `rt_tgsigqueueinfo(tgid, tid, sig, info)`. */
export const tgkill: Decoder = (context, thread) => signal(context, thread, context.call.int(0), context.call.u32(2));

/** `PIDFD_SELF` and its like (linux/pidfd.h): numbers that stand for the caller instead of a descriptor. */
const PIDFD_SELF_BELOW = -9999;
const PIDFD_SIGNAL_PROCESS_GROUP = 4;

export const pidfdSendSignal: Decoder = (context, thread) => {
  const pid = pidBehind(thread, context.call.int(0));
  if (pid === "closed") return context.notSeen(thread, CLOSED);
  if (pid === undefined) return context.attempt();
  if ((context.call.u32(3) & PIDFD_SIGNAL_PROCESS_GROUP) === 0)
    return signalPid(context, thread, pid, context.call.u32(1));
  // The group whose leader this process is, or was: in our numbers, unlike the one that `kill` is given.
  const isOwn = numbersOf(thread.tid)?.groups[0] === pid;
  const relation = isOwn ? "own-group" : context.tasks.find(pid) ? "namespace-group" : "outside-group";
  if (relation === "outside-group" && willBeRefused(context, thread, -pid)) return context.attempt();
  return groupEvent(context, thread, relation, context.call.u32(1));
};

export const pidfdGetfd: Decoder = (context, thread) => {
  const pid = pidBehind(thread, context.call.int(0));
  if (pid === "closed") return context.notSeen(thread, CLOSED);
  const aim = pid === undefined ? "nobody" : aimAtPid(context, thread, pid);
  return reach(context, thread, aim, (target) => ({ op: "getfd", subject: target }));
};

const CLOSED = "descriptor not seen (task-closed-to-sensor)";

/** The process a descriptor of the task stands for, in our numbers: a pidfd, or a directory /proc/PID. */
function pidBehind(thread: Thread, fd: number): number | "closed" | undefined {
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

/** linux/ptrace.h; requests on a task that is already traced are part of what the first one began. */
const beginnings: Readonly<Record<number, string>> = { 0: "traceme", 16: "attach", 0x4206: "seize" };

export const ptrace: Decoder = (context, thread) => {
  const request = beginnings[context.call.u32(0)];
  if (request === undefined) return 0;
  if (request === "traceme") {
    const parent = thread.process.parent;
    return context.decide(thread, {
      op: "ptrace",
      subject: { request, relation: parent ? "parent" : "outside", ...(parent ? { target: parent.identity.id } : {}) },
    });
  }
  const aim = aimAt(context, thread, context.call.int(1));
  return reach(context, thread, aim, (target) => ({ op: "ptrace", subject: { request, ...target } }));
};

export const processVmReadv: Decoder = (context, thread) => memory(context, thread, "read");
export const processVmWritev: Decoder = (context, thread) => memory(context, thread, "write");

function memory(context: Context, thread: Thread, access: string): Verdict {
  const aim = aimAt(context, thread, context.call.int(0));
  return reach(context, thread, aim, (target) => ({ op: "vm", subject: { access, ...target } }));
}
