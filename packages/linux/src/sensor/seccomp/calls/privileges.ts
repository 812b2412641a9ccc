/**
 * Calls that change a process's privileges or its view of the system: ids, capabilities, mounts, namespaces, new processes.
 *
 * They are events whether or not the kernel permits them: the attempt itself matters to a reviewer.
 */
import { escapeBytes, type Subject } from "@isoline/core/event";
import { EFAULT, EINVAL, ENOSYS, EPERM } from "../../../abi/errno.ts";
import { getpgrp } from "../../../abi/libc.ts";
import { AT_FDCWD } from "../../../abi/stat.ts";
import { kindsAsked, kindsIn } from "../../words/namespaces.ts";
import type { Context, Decoder } from "../context.ts";
import { pathText } from "../../files/knowledge.ts";
import { prctlOptions } from "../../words/requests.ts";
import { type Act, refusedAnyway, type Verdict } from "../../mediation.ts";
import { mayWaitForThaw } from "../perform/filesystems.ts";
import type { Thread } from "../tasks/process.ts";
import { numbersOf, pidMeant } from "../tasks/pid-numbers.ts";
import { SUPERVISOR, targetByNumber } from "./targets.ts";

/** The setuid family: `count` ids in the first arguments. -1 leaves an id as it is. */
export function setid(call: string, count: number): Decoder {
  return (context, thread) => {
    const ids = Array.from({ length: count }, (_, index) =>
      String(context.call.int(index) === -1 ? -1 : context.call.u32(index)),
    );
    return changeCredentials(context, thread, { op: "setid", subject: { call, ids } });
  };
}

/** linux/capability.h: checked before the list is read. */
const CAP_SETGID = 1n << 6n;

/** As many as an event has room for: `MAX_LIST` in @isoline/core. */
const MOST_GROUPS = 1024;

/** `setgroups(size, list)`: the groups themselves count, each of them. A longer list is lost, and refused where enforced. */
export const setgroups: Decoder = (context, thread) => {
  const count = context.call.u32(0);
  thread.process.setsGroups = true;
  // More than NGROUPS_MAX (linux/limits.h), in a register: refused before the list is read.
  if (count > 65_536) return 0;
  if (count > MOST_GROUPS) {
    if ((thread.credentials.capabilities & CAP_SETGID) === 0n) return context.refuses(EPERM);
    thread.credentialsStale = true;
    return context.mediator.lost(`setgroups of more than ${MOST_GROUPS} groups`, thread.process);
  }
  const result = count === 0 ? 0 : context.memory.exactly(thread.tid, context.call.pointer(1), count * 4);
  if (result === -EFAULT && (thread.credentials.capabilities & CAP_SETGID) === 0n) return context.refuses(EPERM);
  if (result < 0) return unreadCredentials(context, thread, result);
  const ids = Array.from({ length: count }, (_, index) => String(context.memory.bytes.readUInt32LE(index * 4)));
  return changeCredentials(context, thread, { op: "setid", subject: { call: "setgroups", ids } });
};

/** _LINUX_CAPABILITY_VERSION_1 (linux/capability.h): one block of three words; the later versions have two. */
const ONE_BLOCK = 0x1998_0330;
/** _LINUX_CAPABILITY_VERSION_3. */
const LATEST = 0x2008_0522;
const CAPABILITY_VERSIONS = [ONE_BLOCK, 0x2007_1026, LATEST];
const BLOCK = 12;

/**
 * `capset(header, data)`: effective, permitted and inheritable capabilities, a block of words for each 32 of them. The header
 * says how many blocks the kernel reads; the memory behind them may not be mapped.
 */
export const capset: Decoder = (context, thread) => {
  const header = context.memory.exactly(thread.tid, context.call.pointer(0), 4);
  if (header < 0) return unreadCredentials(context, thread, header);
  const version = context.memory.bytes.readUInt32LE(0);
  if (!CAPABILITY_VERSIONS.includes(version)) return context.refuses(tellLatest(context, thread));
  const length = version === ONE_BLOCK ? BLOCK : 2 * BLOCK;
  const data = context.memory.exactly(thread.tid, context.call.pointer(1), length);
  if (data < 0) return unreadCredentials(context, thread, data);
  const words = Buffer.alloc(2 * BLOCK);
  context.memory.bytes.copy(words, 0, 0, length);
  const word = (at: number) => BigInt(words.readUInt32LE(at)) | (BigInt(words.readUInt32LE(at + BLOCK)) << 32n);
  return changeCredentials(context, thread, {
    op: "capset",
    subject: { effective: word(0), permitted: word(4), inheritable: word(8) },
  });
};

/**
 * The kernel writes the version that it would have, where it does not know the given one (kernel/capability.c, cap_validate_magic). It is
 * not written where the memory may be that of a file on a frozen file system.
 */
function tellLatest(context: Context, thread: Thread): number {
  if (mayWaitForThaw()) return EINVAL;
  const version = Buffer.alloc(4);
  version.writeUInt32LE(LATEST, 0);
  return context.memory.write(thread.tid, context.call.pointer(0), version) === 4 ? EINVAL : EFAULT;
}

export const prctl: Decoder = (context, thread) => {
  const option = prctlOptions[context.call.u32(0)] ?? `option-${context.call.u32(0)}`;
  // Addresses and pids differ from run to run; small numbers select the meaning of the call.
  const argument = context.call.pointer(1);
  const value = argument < 4096n && option !== "set-ptracer" ? String(argument) : "*";
  if (option === "set-child-subreaper") thread.process.adopts = true;
  const act: Act = { op: "prctl", subject: { option, value } };
  if (option === "sched-core" && sharesCoreOfSupervisor(context, thread)) return context.keep(thread, act);
  const verdict = changeCredentials(context, thread, act);
  if (option === "set-mm" && context.listener.goesAhead(verdict)) context.tasks.marksMayChange(thread);
  return verdict;
};

/** PIDTYPE_PGID, the third kind that PR_SCHED_CORE takes (linux/prctl.h). */
const GROUP_KIND = 2;

/**
 * `prctl(PR_SCHED_CORE, command, pid, kind, …)` has a task, a process or a group run together with others, or with none. The group is
 * that of the task with this number (kernel/sched/core_sched.c, sched_core_share_pid).
 */
function sharesCoreOfSupervisor(context: Context, thread: Thread): boolean {
  const number = context.call.int(2);
  if (context.call.u32(3) === GROUP_KIND) {
    const member = number === 0 ? thread.tid : pidMeant(thread, number);
    return member !== undefined && (numbersOf(member)?.groups[0] ?? getpgrp()) === getpgrp();
  }
  const target = targetByNumber(context, thread, number);
  return typeof target === "object" && target.relation === SUPERVISOR;
}

/** The rights after the call are not known, but they may have changed. */
function unreadCredentials(context: Context, thread: Thread, error: number): Verdict {
  thread.credentialsStale = true;
  return context.unreadable(thread, error);
}

function changeCredentials(context: Context, thread: Thread, act: Act): Verdict {
  const verdict = context.decide(thread, act);
  thread.credentialsStale = true;
  return verdict;
}

/** The value shown for an argument that could not be read. */
export const UNREADABLE = "?unreadable";

const NO_PATH = "none";

/** A path argument as text: canonical if it exists, otherwise as it was given, with a mark. A null pointer is "none". */
export function pathArgument(context: Context, thread: Thread, argument: number, dirfd = AT_FDCWD): string {
  // A page may be mapped at address 0 by a task with CAP_SYS_RAWIO: then this is an ordinary path.
  const length = context.readPath(thread, argument);
  if (length < 0) return context.call.isNull(argument) ? NO_PATH : UNREADABLE;
  if (length === 0) return "?empty";
  const given = escapeBytes(context.memory.bytes.subarray(0, length));
  const { found } = context;
  try {
    const result = context.finder.find(found, thread, dirfd, context.memory.bytes, length, true);
    return result < 0 ? `?unresolved:${given}` : pathText(found);
  } finally {
    found.close();
  }
}

export const pivotRoot: Decoder = (context, thread) => {
  context.origins.mountsChange();
  context.tasks.launchPlaces.noteLeaving();
  const path = pathArgument(context, thread, 0);
  const old = pathArgument(context, thread, 1);
  return decideReadable(context, thread, { op: "pivot", subject: { path, old } }, path, old);
};

export const chroot: Decoder = (context, thread) => {
  context.tasks.launchPlaces.noteLeaving();
  const path = pathArgument(context, thread, 0);
  return decideReadable(context, thread, { op: "chroot", subject: { path } }, path);
};

/** Decides about a call with these paths. An argument that the sensor could not read must not be read by the kernel either. */
export function decideReadable(context: Context, thread: Thread, act: Act, ...paths: readonly string[]): Verdict {
  if (!paths.some((path) => path === UNREADABLE || path === NO_PATH)) return context.decide(thread, act);
  return context.decide(thread, refusedAnyway(act)) || context.refuses(EFAULT);
}

/** linux/sched.h */
const CLONE_VM = 0x100n;
const CSIGNAL = 0xffn;
const CLONE_INTO_CGROUP = 1n << 33n;
/** Where `struct clone_args` has the descriptor of a control group. */
const GROUP_AT = 80n;
/** The file by whose permissions the kernel decides (kernel/cgroup/cgroup.c, cgroup_css_set_fork). */
const MEMBERS = Buffer.from("cgroup.procs\0");

export const unshare: Decoder = (context, thread) => {
  const { kinds, flags } = kindsAsked(context.call.pointer(0), "unshare");
  return kinds === "" ? 0 : enterNamespaces(context, thread, "unshare", kinds, flags);
};

export const setns: Decoder = (context, thread) => {
  const flags = context.call.u32(1);
  return enterNamespaces(context, thread, "setns", kindsIn(flags) || "any", flags);
};

function enterNamespaces(
  context: Context,
  thread: Thread,
  call: "unshare" | "setns",
  kinds: string,
  flags: number,
): Verdict {
  const verdict = context.decide(thread, { op: "namespace", subject: { call, kinds } });
  if (context.listener.goesAhead(verdict)) context.entersNamespaces(thread, call, flags);
  thread.credentialsStale = true;
  context.peers.entersNamespaces(thread);
  return verdict;
}

export const fork: Decoder = (context, thread) => birth(context, thread, 0n);
export const vfork: Decoder = (context, thread) => birth(context, thread, CLONE_VM);
/** In `clone` the low byte is the exit signal, so CLONE_NEWTIME cannot be requested. */
export const clone: Decoder = (context, thread) => birth(context, thread, BigInt(context.call.u32(0)) & ~CSIGNAL);

/**
 * `clone3(struct clone_args *, size)`: the flags are the first word, in memory, and may change before the kernel reads them. If
 * anything may be refused, the call fails with ENOSYS: programs then use `clone`, whose flags are in a register.
 */
export const clone3: Decoder = (context, thread) => {
  if (context.mediator.mayRefuse) return ENOSYS;
  const result = context.memory.exactly(thread.tid, context.call.pointer(0), 8);
  if (result === -EFAULT) return context.refuses(EFAULT);
  const lost = result < 0 ? context.unreadable(thread, result) : 0;
  if (lost !== 0) return lost;
  const flags = result < 0 ? 0n : context.memory.bytes.readBigUInt64LE(0);
  const entered = (flags & CLONE_INTO_CGROUP) === 0n ? 0 : entersGroup(context, thread);
  return entered || birth(context, thread, flags, false) || context.racy();
};

/** CLONE_INTO_CGROUP puts the child where a write of its number to this file would. */
function entersGroup(context: Context, thread: Thread): Verdict {
  const result = context.memory.exactly(thread.tid, context.call.pointer(0) + GROUP_AT, 8);
  if (result < 0) return context.unreadable(thread, result);
  const group = Number(BigInt.asIntN(32, context.memory.bytes.readBigUInt64LE(0)));
  const open = (described: Omit<Subject<"open">, "access">): Act => ({
    op: "open",
    subject: { access: "write", ...described },
  });
  const { found, finder } = context;
  try {
    const error = finder.find(found, thread, group, MEMBERS, MEMBERS.length - 1, false);
    return error < 0
      ? context.unresolved(thread, error, (path) => open({ path, mode: 0, uid: 0, gid: 0, fs: "?" }))
      : context.decide(thread, open(context.files.describe(found)));
  } finally {
    found.close();
  }
}

/**
 * A new process or thread: not an act by itself, unless it starts in new namespaces; but the lineage needs it. Flags that are
 * in memory are not `fixed`: a child may become a sibling before the kernel reads them.
 */
function birth(context: Context, thread: Thread, asked: bigint, fixed = true): Verdict {
  context.tasks.forkStarts(thread, Number(BigInt.asUintN(32, asked)), fixed);
  const { kinds, flags } = kindsAsked(asked, "clone");
  if (kinds === "") return 0;
  const verdict = context.decide(thread, { op: "namespace", subject: { call: "clone", kinds } });
  if (context.listener.goesAhead(verdict)) context.entersNamespaces(thread, "clone", flags);
  return verdict;
}
