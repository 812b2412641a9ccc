/** Acts of one process on another: signals, ptrace, memory, descriptors. */
import { EBADF, EPERM, ESRCH } from "../../../abi/errno.ts";
import type { Thread } from "../tasks/process.ts";
import type { Context, Decoder } from "../context.ts";
import type { Act, Verdict } from "../../mediation.ts";
import { countsAnew, numbersOf, pidMeant } from "../tasks/pid-numbers.ts";
import { getpgrp, kill as sendToGroup } from "../../../abi/libc.ts";
import { closeSoon } from "../../../process/moment.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { isDeadly } from "../../../process/own-signals.ts";
import { readThreadStatus } from "../../../process/proc-status.ts";
import { duplicate } from "../surroundings/task-socket.ts";
import {
  type Behind,
  targetByNumber,
  targetGroup,
  targetByPid,
  CLOSED,
  decideOften,
  holdsSupervisor,
  pidBehind,
  pidBehindOwn,
  actOn,
  signalRefusal,
} from "./targets.ts";

const CAP_KILL = 1n << 5n;
/** The -1 of `kill`: every process. */
const EVERYONE = 1;

/** Signal 0 only queries, and none is above 64 (`valid_signal`): with such a register the kernel signals no task. */
const signalsNoTask = (signalNumber: number): boolean => signalNumber === 0 || signalNumber > 64;

function signal(context: Context, thread: Thread, number: number, signalNumber: number): Verdict {
  // These calls do not take groups: no task has or ever will have such a number, which is in a register.
  if (number <= 0) return 0;
  return signalPid(context, thread, pidMeant(thread, number), signalNumber);
}

function signalPid(context: Context, thread: Thread, pid: number | undefined, signalNumber: number): Verdict {
  if (signalsNoTask(signalNumber)) return 0;
  const found = targetByPid(context, thread, pid);
  const isOutside = typeof found === "object" && found.relation === "outside";
  const refusal = isOutside && pid !== undefined ? signalRefusal(context, thread, pid, signalNumber) : 0;
  if (refusal !== 0) return context.refuses(refusal);
  return actOn(context, thread, found, (target) => ({ op: "kill", subject: { signal: signalNumber, ...target } }));
}

function signalGroup(context: Context, thread: Thread, group: number, signalNumber: number): Verdict {
  if (signalsNoTask(signalNumber)) return 0;
  // In its own pid namespace the caller's group may be the first as well.
  const found = group === EVERYONE ? ({ relation: "everyone" } as const) : targetGroup(context, thread, group);
  if (found === "none") return context.refuses(ESRCH);
  const refusal = found.relation === "outside-group" ? signalRefusal(context, thread, -group, signalNumber) : 0;
  if (refusal !== 0) return context.refuses(refusal);
  const verdict = groupEvent(context, thread, found.relation, signalNumber, holdsSupervisor(thread, group));
  return verdict === 0 && group === 0 && isDeadly(signalNumber) ? carryOut(context, thread, signalNumber) : verdict;
}

/**
 * The supervisor belongs to the group that the workload starts in, as its shell made it, and signals of a shell or a terminal
 * to that group reach both. A signal that neither of them can handle is refused for the whole group.
 */
function groupEvent(
  context: Context,
  thread: Thread,
  relation: string,
  signalNumber: number,
  holdsUs: boolean,
): Verdict {
  const act: Act = { op: "kill", subject: { signal: signalNumber, relation } };
  return holdsUs && isDeadly(signalNumber) ? context.keep(thread, act) : decideOften(context, thread, act);
}

/**
 * `kill(0, …)` means the group that the caller belongs to when the kernel looks, and another thread, or its parent, may change that
 * (setpgid) to the one that the supervisor belongs to. So the supervisor sends it to the group by number, with the caller's capabilities,
 * if the caller could reach the supervisor. From one that has put Landlock rules on itself, or has rights only in a user namespace of its
 * own, such a signal to the group fails; and from the first process of a pid namespace, which the kernel would spare.
 */
function carryOut(context: Context, thread: Thread, signalNumber: number): Verdict {
  if (staysAmongItsOwn(thread)) return 0;
  const { uid, euid, capabilities } = thread.credentials;
  const own = process.getuid?.();
  const isAlike = uid === own && euid === process.geteuid?.() && context.peers.include(thread);
  if (!isAlike || isFirst(thread)) return uid === own || euid === own || (capabilities & CAP_KILL) !== 0n ? EPERM : 0;
  const group = numbersOf(thread.tid)?.groups[0];
  if (group === undefined || group <= 1 || group === getpgrp()) return EPERM;
  // Otherwise its number may be that of another task by now, and the group that of others.
  if (!context.listener.stillWaiting()) return 0;
  return context.returns(context.performer.make(thread, () => sendToGroup(-group, signalNumber)));
}

/**
 * Whether neither a process nor its parent, who alone may move it to another group, can name a group outside: both count processes anew. A
 * parent that has ended is followed by another of the same pid namespace (kernel/exit.c, find_new_reaper).
 */
function staysAmongItsOwn({ tid, process: { countsAnew: isAnew } }: Thread): boolean {
  const parent = isAnew ? numbersOf(readThreadStatus(tid)?.ppid ?? 0) : undefined;
  return parent !== undefined && countsAnew(parent);
}

/** Whether a process is the first one of a pid namespace of its own. */
function isFirst({ tid, process: { countsAnew: isAnew } }: Thread): boolean {
  return isAnew && numbersOf(tid)?.pids.at(-1) === 1;
}

export const kill: Decoder = (context, thread) => {
  const number = context.call.int(0);
  if (number <= 0) return signalGroup(context, thread, -number, context.call.u32(1));
  return signal(context, thread, number, context.call.u32(1));
};
/** `rt_sigqueueinfo(tgid, sig, info)` and `tkill(tid, sig)` do not take groups. */
export const tkill: Decoder = (context, thread) => signal(context, thread, context.call.int(0), context.call.u32(1));
/** `tgkill(tgid, tid, sig)`, `rt_tgsigqueueinfo(tgid, tid, sig, info)`. */
export const tgkill: Decoder = (context, thread) =>
  context.call.int(1) <= 0 ? 0 : signal(context, thread, context.call.int(0), context.call.u32(2));

const PIDFD_SIGNAL_PROCESS_GROUP = 4;

/** `pidfd_send_signal(pidfd, sig, info, flags)`. */
export const pidfdSendSignal: Decoder = (context, thread) => {
  const signalNumber = context.call.u32(1);
  if (signalsNoTask(signalNumber)) return 0;
  const fd = context.call.int(0);
  const isOurs = fd >= 0 && isDeadly(signalNumber) && maySendFor(context, thread);
  const own = isOurs ? duplicate(thread, fd) : -EPERM;
  // Not looked at once more: another thread may open something under this number.
  if (isOurs && own === -EBADF) return context.refuses(EBADF);
  if (own < 0) return signalBehind(context, thread, pidBehind(thread, fd), signalNumber);
  try {
    return signalBehind(context, thread, pidBehindOwn(own), signalNumber) || sendBy(context, thread, own, signalNumber);
  } finally {
    closeSoon(own);
  }
};

function signalBehind(context: Context, thread: Thread, pid: Behind, signalNumber: number): Verdict {
  if (pid === "closed") return context.notSeen(thread, CLOSED);
  if (typeof pid === "object") return context.refuses(pid.refusedWith);
  if ((context.call.u32(3) & PIDFD_SIGNAL_PROCESS_GROUP) === 0) return signalPid(context, thread, pid, signalNumber);
  // The group whose leader this process is, or was, by its number as the supervisor sees it, unlike the argument of `kill`.
  const isOwn = numbersOf(thread.tid)?.groups[0] === pid;
  const relation = isOwn ? "own-group" : context.tasks.find(pid) ? "namespace-group" : "outside-group";
  const refusal = relation === "outside-group" ? signalRefusal(context, thread, -pid, signalNumber) : 0;
  if (refusal !== 0) return context.refuses(refusal);
  return groupEvent(context, thread, relation, signalNumber, pid === getpgrp());
}

/**
 * Whether the kernel lets the supervisor send what it lets a thread send. Then the supervisor sends a deadly signal through the
 * descriptor that it has checked: in the task, another thread could put one of the supervisor's directory in /proc in its place. Other
 * signals say who sent them, and cannot end the supervisor.
 */
function maySendFor(context: Context, thread: Thread): boolean {
  const { uid, euid } = thread.credentials;
  const isAlike = uid === process.getuid?.() && euid === process.geteuid?.() && !thread.process.countsAnew;
  return isAlike && context.performer.rightsFor(thread) !== undefined;
}

/** `siginfo_t` (asm-generic/siginfo.h). */
const INFO_BYTES = 128;

function sendBy(context: Context, thread: Thread, own: number, signalNumber: number): Verdict {
  const { call, memory } = context;
  const unread = call.isNull(2) ? 0 : memory.exactly(thread.tid, call.pointer(2), INFO_BYTES);
  if (unread < 0) return context.unreadable(thread, unread);
  const info = call.isNull(2) ? 0 : Buffer.from(memory.bytes.subarray(0, INFO_BYTES));
  const words = [own, signalNumber, info, call.u32(3)];
  return context.makes(thread, () => rawCall(syscallNumbers.pidfd_send_signal, words));
}

export const pidfdGetfd: Decoder = (context, thread) => {
  const pid = pidBehind(thread, context.call.int(0));
  if (pid === "closed") return context.notSeen(thread, CLOSED);
  if (typeof pid === "object") return context.refuses(pid.refusedWith);
  return actOn(context, thread, targetByPid(context, thread, pid), (target) => ({ op: "getfd", subject: target }));
};

/** linux/ptrace.h; requests on a task that is traced already are part of the first act. */
const beginnings: Readonly<Record<number, string>> = { 0: "traceme", 16: "attach", 0x4206: "seize" };

export const ptrace: Decoder = (context, thread) => {
  const request = beginnings[context.call.u32(0)];
  if (request === undefined) return 0;
  if (request === "traceme") {
    const parent = thread.process.parent;
    // The parent becomes the tracer: for a process that the supervisor started, or that was made its sibling (CLONE_PARENT),
    // that is the supervisor.
    if (context.tasks.launchers.serves(readThreadStatus(thread.tid)?.ppid ?? 0))
      return context.keep(thread, { op: "ptrace", subject: { request, relation: "supervisor" } });
    return context.decide(thread, {
      op: "ptrace",
      subject: { request, relation: parent ? "parent" : "outside", ...(parent ? { target: parent.identity.id } : {}) },
    });
  }
  const found = targetByNumber(context, thread, context.call.int(1));
  return actOn(context, thread, found, (target) => ({ op: "ptrace", subject: { request, ...target } }));
};

export const processVmReadv: Decoder = (context, thread) => memory(context, thread, "read");
export const processVmWritev: Decoder = (context, thread) => memory(context, thread, "write");

function memory(context: Context, thread: Thread, access: string): Verdict {
  const found = targetByNumber(context, thread, context.call.int(0));
  return actOn(context, thread, found, (target) => ({ op: "vm", subject: { access, ...target } }));
}
