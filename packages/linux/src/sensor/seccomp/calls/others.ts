/**
 * What one process does to another: signals, ptrace, memory, descriptors.
 */
import { readFileSync } from "node:fs";
import type { Digest } from "@isoline/core";
import { kill as probe } from "../../../abi/libc.ts";
import type { Context, Decoder } from "../context.ts";
import type { Verdict } from "../mediation.ts";
import type { Thread } from "../actors.ts";

interface Target {
  readonly relation: string;
  readonly target?: Digest;
}

/** A process by number as the task means it; undefined if it is the task itself, so that nothing is exchanged. */
function targetOf(context: Context, thread: Thread, number: number): Target | undefined {
  const pid = hostPid(thread, number);
  if (pid === undefined) return { relation: "namespace" };
  const process = context.tasks.find(pid);
  if (process === thread.process) return undefined;
  if (!process) return { relation: "outside" };
  return {
    relation: process.parent === thread.process ? "child" : process === thread.process.parent ? "parent" : "namespace",
    target: process.identity.id,
  };
}

/** The number in our pid namespace. A task in a namespace of its own sees only its descendants there: undefined, but inside. */
function hostPid(thread: Thread, number: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${thread.tid}/status`, "latin1");
    const levels = (/^NSpid:\s*(.*)$/m.exec(status)?.[1] ?? "").split(/\s+/).length;
    return levels > ownLevels ? undefined : number;
  } catch {
    return number;
  }
}

const ownLevels = (/^NSpid:\s*(.*)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "").split(/\s+/).length;

function signal(context: Context, thread: Thread, number: number, signalNumber: number): Verdict {
  if (signalNumber === 0 || signalNumber > 64) return context.attempt();
  if (number <= 0) return signalGroup(context, thread, number, signalNumber);
  const target = targetOf(context, thread, number);
  if (!target) return 0;
  if (target.relation === "outside" && willBeRefused(context, thread, number)) return context.attempt();
  return context.decide(thread, { op: "kill", subject: { signal: signalNumber, ...target } });
}

/** 0 is the own group, -1 everyone, -N the group N. */
function signalGroup(context: Context, thread: Thread, number: number, signalNumber: number): Verdict {
  const relation =
    number === 0 || -number === processGroup(thread.tid)
      ? "own-group"
      : number === -1
        ? "everyone"
        : context.tasks.find(-number)
          ? "namespace-group"
          : "outside-group";
  if (relation === "outside-group" && willBeRefused(context, thread, number)) return context.attempt();
  return context.decide(thread, { op: "kill", subject: { signal: signalNumber, relation } });
}

function processGroup(tid: number): number {
  try {
    const text = readFileSync(`/proc/${tid}/stat`, "latin1");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[2]);
  } catch {
    return -1;
  }
}

/** No such process, or not this user's: the kernel's own answer, asked with signal 0. */
function willBeRefused(context: Context, thread: Thread, number: number): boolean {
  const result = probe(number, 0);
  return result === -3 || (result === -1 && context.permissions.isPeer(thread));
}

export const kill: Decoder = (context, thread) => signal(context, thread, context.call.int(0), context.call.u32(1));
export const tkill: Decoder = (context, thread) =>
  signal(context, thread, Math.max(1, context.call.int(0)), context.call.u32(1));
/** `tgkill(tgid, tid, sig)`, `rt_tgsigqueueinfo(tgid, tid, sig, info)`. */
export const tgkill: Decoder = (context, thread) =>
  signal(context, thread, Math.max(1, context.call.int(0)), context.call.u32(2));

export const pidfdSendSignal: Decoder = (context, thread) => {
  const pid = pidBehind(thread, context.call.int(0));
  return pid === undefined ? context.attempt() : signal(context, thread, pid, context.call.u32(1));
};

export const pidfdGetfd: Decoder = (context, thread) => {
  const pid = pidBehind(thread, context.call.int(0));
  if (pid === undefined) return context.attempt();
  const target = targetOf(context, thread, pid);
  return target ? context.decide(thread, { op: "getfd", subject: target }) : 0;
};

/** The process a pidfd of the task stands for, in our numbers. */
function pidBehind(thread: Thread, fd: number): number | undefined {
  try {
    const pid = Number(/^Pid:\s*(-?\d+)$/m.exec(readFileSync(`/proc/${thread.tid}/fdinfo/${fd}`, "latin1"))?.[1]);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
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
  const target = targetOf(context, thread, context.call.int(1));
  return target ? context.decide(thread, { op: "ptrace", subject: { request, ...target } }) : context.attempt();
};

export const processVmReadv: Decoder = (context, thread) => memory(context, thread, "read");
export const processVmWritev: Decoder = (context, thread) => memory(context, thread, "write");

function memory(context: Context, thread: Thread, access: string): Verdict {
  const target = targetOf(context, thread, context.call.int(0));
  return target ? context.decide(thread, { op: "vm", subject: { access, ...target } }) : 0;
}
