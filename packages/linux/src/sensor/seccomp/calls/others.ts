/**
 * What one process does to another: signals, ptrace, memory, descriptors.
 */
import type { Thread } from "../tasks/process.ts";
import type { Context, Decoder } from "../context.ts";
import type { Verdict } from "../../mediation.ts";
import { numbersOf, pidMeant } from "../tasks/pid-numbers.ts";
import { aimAt, aimAtGroup, aimAtPid, CLOSED, pidBehind, reach, willBeRefused } from "./aim.ts";

/** As `kill` has it, -1. */
const EVERYONE = 1;

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

function signalGroup(context: Context, thread: Thread, group: number, signalNumber: number): Verdict {
  if (signalNumber === 0 || signalNumber > 64) return context.attempt();
  // In a pid namespace of its own the caller's group may be the first as well.
  const aim = group === EVERYONE ? ({ relation: "everyone" } as const) : aimAtGroup(context, thread, group);
  return aim === "nobody" ? context.attempt() : groupEvent(context, thread, aim.relation, signalNumber);
}

function groupEvent(context: Context, thread: Thread, relation: string, signalNumber: number): Verdict {
  return context.decide(thread, { op: "kill", subject: { signal: signalNumber, relation } });
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
