/**
 * Calls that act on the kernel itself: programs, modules, keys, counters, clocks, the machine.
 *
 * Like all privileged operations they are events whether or not the kernel permits them.
 */
import { EFAULT, ENOSYS, EPERM } from "../../../abi/errno.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { AT_FDCWD } from "../../../abi/stat.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { digestField, NO_CONTENT, remarksOn } from "../../files/content.ts";
import { bpfCommands, keyOperations, perfTypes, rebootCommands } from "../../words/kernel.ts";
import type { Context, Decoder } from "../context.ts";
import { mayWaitForThaw } from "../perform/filesystems.ts";
import { PATH_ERRORS } from "../paths/finder.ts";
import { pathText } from "../../files/knowledge.ts";
import type { FileUse } from "../../inspection.ts";
import { type Act, refusedAnyway, type Verdict } from "../../mediation.ts";
import { READ } from "../../words/access.ts";
import type { Thread } from "../tasks/process.ts";
import { actOn, targetByNumber } from "./targets.ts";

/** An event whose subject only names the call. */
export function named(op: "hostname" | "settime" | "ioport", call: string): Decoder {
  return (context, thread) => context.decide(thread, { op, subject: { call } });
}

/** linux/bpf.h, enum bpf_cmd */
export const bpf: Decoder = (context, thread) => {
  const number = context.call.u32(0);
  return context.decide(thread, { op: "bpf", subject: { command: bpfCommands[number] ?? `command-${number}` } });
};

export const initModule: Decoder = (context, thread) =>
  withoutFile(context, thread, "module") ||
  context.decide(thread, { op: "module", subject: { call: "init_module", path: "none" } });

/** `kexec_load(entry, segments…)`: a kernel from memory. */
export const kexecLoad: Decoder = (context, thread) =>
  withoutFile(context, thread, "kexec-kernel") ||
  context.decide(thread, { op: "kexec", subject: { call: "kexec_load" } });

/** `kexec_file_load(kernel_fd, initrd_fd, …, flags)`. */
export const kexecFileLoad: Decoder = (context, thread) =>
  inspectDescriptor(context, thread, context.call.int(0), "kexec-kernel") ||
  ((context.call.u32(4) & KEXEC_FILE_NO_INITRAMFS) === 0
    ? inspectDescriptor(context, thread, context.call.int(1), "kexec-initramfs")
    : 0) ||
  inspectCommandLine(context, thread) ||
  context.decide(thread, { op: "kexec", subject: { call: "kexec_file_load" } });

/** arch/x86/include/asm/setup.h, COMMAND_LINE_SIZE: no kernel accepts a longer one. */
const MOST_COMMAND_LINE = 2048;
const CAP_SYS_BOOT = 1n << 22n;

/** With the NUL at its end, which the kernel requires. Not read if the kernel refuses the call to this task. */
function inspectCommandLine({ call, memory, mediator }: Context, thread: Thread): Verdict {
  const length = Number(call.pointer(2));
  const isPermitted = (thread.credentials.capabilities & CAP_SYS_BOOT) !== 0n;
  if (!mediator.inspector?.active || !isPermitted || length === 0 || length > MOST_COMMAND_LINE) return 0;
  if (memory.exactly(thread.tid, call.pointer(3), length) < 0) return 0;
  return mediator.inspector.inspectCommandLine(Buffer.from(memory.bytes.subarray(0, length - 1)), thread);
}

/** linux/kexec.h. */
const KEXEC_FILE_NO_INITRAMFS = 4;

/** Content in memory has no file that could be inspected. */
function withoutFile(context: Context, thread: Thread, use: FileUse): Verdict {
  return context.mediator.inspector?.withoutFile(use, thread) ?? 0;
}

function inspectDescriptor(context: Context, thread: Thread, descriptor: number, use: FileUse): Verdict {
  const { found } = context;
  try {
    const result = context.finder.findDescriptor(found, thread, descriptor);
    return result < 0 ? 0 : context.inspect(thread, found, use, READ);
  } finally {
    found.close();
  }
}

export const deleteModule: Decoder = (context, thread) =>
  context.decide(thread, { op: "module", subject: { call: "delete_module", path: "none" } });

export const finitModule: Decoder = (context, thread) => {
  const { found } = context;
  try {
    const result = context.finder.findDescriptor(found, thread, context.call.int(0));
    const refused = result < 0 ? 0 : context.inspect(thread, found, "module", READ);
    if (refused !== 0) return refused;
    const content = result < 0 ? NO_CONTENT : context.files.contentOf(found);
    const path = result < 0 ? "?unresolved" : pathText(found);
    return context.decide(thread, {
      op: "module",
      subject: { call: "finit_module", path, ...digestField(content) },
      ...remarksOn(content),
    });
  } finally {
    found.close();
  }
};

export const keyctl: Decoder = (context, thread) => {
  const number = context.call.u32(0);
  return context.decide(thread, {
    op: "keyctl",
    subject: { call: "keyctl", operation: keyOperations[number] ?? `operation-${number}` },
  });
};
export const addKey: Decoder = (context, thread) =>
  context.decide(thread, { op: "keyctl", subject: { call: "add_key", operation: "add" } });
export const requestKey: Decoder = (context, thread) =>
  context.decide(thread, { op: "keyctl", subject: { call: "request_key", operation: "request" } });

/** `perf_event_open(struct perf_event_attr *, …)`: the type is the first word. */
export const perfEventOpen: Decoder = (context, thread) => {
  const result = context.memory.exactly(thread.tid, context.call.pointer(0), 4);
  if (result < 0) return context.unreadable(thread, result);
  const type = perfTypes[context.memory.bytes.readUInt32LE(0)] ?? "pmu";
  const relation = counted(context, thread);
  if (relation === undefined) return context.decide(thread, { op: "perf", subject: { type } });
  return actOn(context, thread, { relation }, () => ({ op: "perf", subject: { type, relation } }));
};

/** linux/perf_event.h: the process is a directory of a control group. */
const PERF_FLAG_PID_CGROUP = 4;

/** Of what is counted: the relation of a process, or more than one; undefined for the caller itself. */
function counted(context: Context, thread: Thread): string | undefined {
  const number = context.call.int(1);
  if ((context.call.u32(4) & PERF_FLAG_PID_CGROUP) !== 0) return "control-group";
  if (number < 0) return "everyone";
  const target = number === 0 ? "itself" : targetByNumber(context, thread, number);
  // One that does not exist may exist when the kernel looks.
  if (target === "none") return "outside";
  return target === "itself" ? undefined : target.relation;
}

/** linux/userfaultfd.h: only faults of user mode are handled, not those of the kernel. */
const UFFD_USER_MODE_ONLY = 1;

/**
 * Page faults that the workload serves: those of its own code. Serving the kernel's as well is refused, as the kernel refuses
 * it to ordinary users (vm.unprivileged_userfaultfd). If an argument lay in such memory, the supervisor would wait for the task
 * that serves it, and that task's next mediated call would wait for the supervisor.
 */
function servePageFaults(context: Context, thread: Thread, flags: number): Verdict {
  const act: Act = { op: "userfaultfd", subject: {} };
  if ((flags & UFFD_USER_MODE_ONLY) !== 0) return context.decide(thread, act);
  return context.decide(thread, refusedAnyway(act)) || EPERM;
}

export const userfaultfd: Decoder = (context, thread) => servePageFaults(context, thread, context.call.u32(0));
/** Through the device: an `ioctl` whose argument is the flags. */
export const newUserfaultfd: Decoder = (context, thread) => servePageFaults(context, thread, context.call.u32(2));

/** linux/capability.h: without these the kernel refuses before it resolves the path. */
const CAP_SYS_PACCT = 1n << 20n;
const CAP_SYS_ADMIN = 1n << 21n;
const CAP_SYS_TIME = 1n << 25n;

export function swap(call: string): Decoder {
  return (context, thread) =>
    aboutPath(context, thread, 0, CAP_SYS_ADMIN, (path) => ({ op: "swap", subject: { call, path } }), false);
}

export const acct: Decoder = (context, thread) =>
  aboutPath(context, thread, 0, CAP_SYS_PACCT, (path) => ({ op: "admin", subject: { call: "acct", path } }));

export const quotactl: Decoder = (context, thread) =>
  aboutPath(context, thread, 1, 0n, (path) => ({ op: "admin", subject: { call: "quotactl", path } }));

export function admin(call: string): Decoder {
  return (context, thread) => context.decide(thread, { op: "admin", subject: { call, path: "none" } });
}

/**
 * A privileged call with a path; a null pointer means no path. It is an event whether or not the file exists. If the file was
 * not found, or the path could not be read, the kernel does not look again: the call fails here.
 */
function aboutPath(
  context: Context,
  thread: Thread,
  argument: number,
  capability: bigint,
  act: (path: string) => Act,
  mayBeNull = true,
): Verdict {
  if (mayBeNull && context.call.isNull(argument)) return context.decide(thread, act("none"));
  const length = context.readPath(thread, argument);
  const { found } = context;
  try {
    const { bytes } = context.memory;
    const result = length < 0 ? length : context.finder.find(found, thread, AT_FDCWD, bytes, length, true);
    if (result < 0 && result !== -EFAULT && !PATH_ERRORS.has(-result)) return context.unresolved(thread, result, act);
    if (result >= 0) return context.decide(thread, act(pathText(found))) || context.racy();
    const verdict = context.decide(thread, refusedAnyway(act("?unresolved")));
    if (verdict !== 0) return verdict;
    const isPermitted = (thread.credentials.capabilities & capability) === capability;
    return context.refuses(isPermitted ? -result : EPERM);
  } finally {
    found.close();
  }
}

export const reboot: Decoder = (context, thread) =>
  context.decide(thread, { op: "reboot", subject: { command: rebootCommands[context.call.u32(2)] ?? "unknown" } });

/** sizeof(struct timex) (linux/timex.h); the first word says what is changed, nothing if it is 0. */
const TIMEX = 208;

/**
 * `adjtimex(struct timex *)` and `clock_adjtime(clock, struct timex *)`: without mode bits they only read. For a task that may
 * set the clock, the supervisor reads it in the task's place, because another thread may set mode bits before the kernel looks;
 * any other task could not set it anyway. A clock behind a descriptor (a negative number) can be set by any task that has it
 * open for writing: that is an event in either case.
 */
export function adjtime(call: "adjtimex" | "clock_adjtime", argument: 0 | 1): Decoder {
  return (context, thread) => {
    const { memory } = context;
    const address = context.call.pointer(argument);
    const result = memory.exactly(thread.tid, address, TIMEX);
    if (result < 0) return context.unreadable(thread, result);
    const isFile = argument === 1 && context.call.int(0) < 0;
    if (isFile || memory.bytes.readUInt32LE(0) !== 0)
      return context.decide(thread, { op: "settime", subject: { call } });
    if ((thread.credentials.capabilities & CAP_SYS_TIME) === 0n) return 0;
    // The memory may be that of a file.
    if (mayWaitForThaw()) return context.racy();
    const copy = Buffer.from(memory.bytes.subarray(0, TIMEX));
    const read = rawCall(syscallNumbers[call], argument === 1 ? [context.call.int(0), copy] : [copy]);
    if (read >= 0 && memory.write(thread.tid, address, copy) !== TIMEX) return EFAULT;
    return context.returns(read);
  };
}

/**
 * io_uring works on rings that the sensor does not see: refused as if the kernel had none, unless the policy permits it, and
 * recorded.
 */
export const iouring: Decoder = (context, thread) => {
  const act: Act = { op: "iouring", subject: {} };
  if (context.mediator.allowsIoUring) return context.decide(thread, act);
  context.decide(thread, refusedAnyway(act));
  return ENOSYS;
};

/** A call of another ABI, or an unknown one: refused as if the kernel did not have it, and recorded. */
export function foreign(context: Context, thread: Thread, arch: string, number: number): number {
  const act: Act = { op: "abi", subject: { arch, number } };
  context.decide(thread, refusedAnyway(act));
  return ENOSYS;
}
