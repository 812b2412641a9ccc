/**
 * Requests on a descriptor (`ioctl`, `fcntl`, `setsockopt`) with effects beyond it: on a terminal, another process, the flags
 * of a file, a file system, the network of the machine. All others only move data and are not mediated.
 */
import { EBADF, EINVAL, ENOPROTOOPT, ENOTTY, ESRCH } from "../../../abi/errno.ts";
import { ioctl as ioctlOf } from "../../../abi/libc.ts";
import { closeSoon } from "../../../process/moment.ts";
import { isatty } from "node:tty";
import { rawCall } from "../../../abi/raw-call.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { pathText } from "../../files/knowledge.ts";
import {
  emptyingRequests,
  FIFREEZE,
  fcntlCommands,
  FIOASYNC,
  FLOW_LABEL_BYTES,
  fileSystemRequests,
  flagRequests,
  flowLabels,
  headerOptions,
  networkRequests,
  OWN_HEADERS,
  ownerRequests,
  passPidfd,
  rewritingRequests,
  routeOptions,
  SOL_IPV6,
  SOL_SOCKET,
  SOURCE_ROUTE,
  socketOptions,
  spaceRequests,
  TCOOFF,
  TCXONC,
  TIOCSCTTY,
  terminalRequests,
  USERFAULTFD_IOC_NEW,
} from "../../words/requests.ts";
import { pidMeant } from "../tasks/pid-numbers.ts";
import type { Thread } from "../tasks/process.ts";
import { namespaceOf } from "../../../process/namespace-of.ts";
import type { Context, Decoder } from "../context.ts";
import { fileSystemsMayFreeze } from "../perform/filesystems.ts";
import { duplicate, isSocket } from "../surroundings/task-socket.ts";
import { type Act, refusedAnyway, type Verdict } from "../../mediation.ts";
import { type MaybeTarget, targetGroup, targetByPid, CLOSED, holdsSupervisor, actOn } from "./targets.ts";
import { emptyByRequest, releaseSpace, rewrite, setStatusFlags } from "./appending.ts";
import { setFlags } from "./attributes.ts";
import { admin, newUserfaultfd } from "./kernel.ts";
import { withDescriptor } from "./objects.ts";
import { askForSignals } from "./terminal-signals.ts";

export const ioctl: Decoder = (context, thread) => {
  const request = context.call.u32(1);
  if (flagRequests.includes(request)) return setFlags(context, thread);
  if (spaceRequests.includes(request)) return releaseSpace(context, thread);
  if (emptyingRequests.includes(request)) return emptyByRequest(context, thread);
  if (rewritingRequests.includes(request)) return rewrite(context, thread);
  if (request === USERFAULTFD_IOC_NEW) return newUserfaultfd(context, thread);
  const network = networkRequests[request];
  if (network !== undefined) return admin(network)(context, thread);
  const fileSystem = fileSystemRequests[request];
  if (fileSystem !== undefined) return ofFileSystem(context, thread, fileSystem);
  if (ownerRequests.includes(request)) {
    return ownerOfSocket(context, thread, request);
  }
  if (request === FIOASYNC) return askForSignals(context, thread) || context.racy();
  if (request === TIOCSCTTY && !takesTerminals(context, thread)) return 0;
  if (request === TCXONC && context.call.int(2) !== TCOOFF) return 0;
  const word = terminalRequests[request] ?? `0x${request.toString(16)}`;
  return withDescriptor(
    context,
    thread,
    context.call.int(0),
    (path) => ({ op: "ioctl", subject: { request: word, path, mode: 0, uid: 0, gid: 0, fs: "?" } }),
    (found) => {
      if (!found.stat.isCharacterDevice) return context.refuses(ENOTTY);
      const act: Act = { op: "ioctl", subject: { request: word, ...context.files.describe(found) } };
      // Where a person may be asked, no task types in the person's place.
      if (context.mediator.asking && INPUT.has(word)) return context.keep(thread, act);
      // The supervisor would wait as well, where it tells of what happens.
      if (request === TCXONC && tellsOnTerminal()) return context.keep(thread, act);
      return context.decide(thread, act) || context.racy();
    },
  );
};

/** Whether one of the supervisor's own outputs is a terminal; a workload reaches it by several names and descriptors. */
function tellsOnTerminal(): boolean {
  return [1, 2].some((fd) => isatty(fd));
}

const CAP_SYS_ADMIN = 1n << 21n;

/** Whether the terminal may be another session's: the argument and the capability are the thread's own, and it is stopped. */
function takesTerminals({ call }: Context, { credentials }: Thread): boolean {
  return call.int(2) === 1 && (credentials.capabilities & CAP_SYS_ADMIN) !== 0n;
}

/** Requests that put characters into the input of a terminal. */
const INPUT: ReadonlySet<string> = new Set(["type", "selection"]);

function ofFileSystem(context: Context, thread: Thread, call: string): Verdict {
  const act = (path: string): Act => ({ op: "admin", subject: { call, path } });
  const decide = (path: string) => context.decide(thread, act(path)) || context.racy();
  const verdict = withDescriptor(context, thread, context.call.int(0), act, (found) => decide(pathText(found)));
  if (call === FREEZING && mayFreeze(context, thread) && context.listener.goesAhead(verdict)) fileSystemsMayFreeze();
  return verdict;
}

const FREEZING = fileSystemRequests[FIFREEZE];

/** The right counts in the user namespace of the file system, and in another than the supervisor's none can be mounted that freezes. */
function mayFreeze({ peers }: Context, thread: Thread): boolean {
  if ((thread.credentials.capabilities & CAP_SYS_ADMIN) === 0n) return false;
  return peers.sharesUsers(thread) || namespaceOf(thread.tid, "user") === 0;
}

export const setsockopt: Decoder = (context, thread) => {
  const [level, option] = [context.call.int(1), context.call.int(2)];
  // Each message of the control socket would carry a pidfd of the supervisor (the option exists since 6.5).
  if (level === SOL_SOCKET && option === passPidfd) {
    return context.decide(thread, refusedAnyway({ op: "getfd", subject: { relation: "everyone" } })) || ENOPROTOOPT;
  }
  // What follows the label are options of the packets that use it, as control data.
  const isRoute = level === SOL_IPV6 && option === flowLabels && context.call.u32(4) > FLOW_LABEL_BYTES;
  if (isRoute || routeOptions.get(level)?.includes(option)) return admin(SOURCE_ROUTE)(context, thread);
  if (headerOptions.get(level)?.includes(option)) return admin(OWN_HEADERS)(context, thread);
  if (level === SOL_IPV6 && option === flowLabels) return 0;
  return socketOptions.get(level)?.includes(option) ? admin("netfilter")(context, thread) : 0;
};

/** sizeof(struct f_owner_ex); kinds of owner (linux/fcntl.h). */
const OWNER_BYTES = 8;
const F_OWNER_TID = 0;
const F_OWNER_PID = 1;
const F_OWNER_PGRP = 2;

/** `F_SETOWN` takes the number as its argument, `F_SETOWN_EX` a pointer to `struct f_owner_ex { int type; pid_t pid; }`. */
export const fcntl: Decoder = (context, thread) => {
  if (context.call.u32(1) === fcntlCommands.setFlags) return setStatusFlags(context, thread);
  if (context.call.u32(1) === fcntlCommands.setOwner) return owner(context, thread, context.call.int(2));
  if (context.call.u32(1) === fcntlCommands.setDelegation) return withoutDelegations(context, thread);
  return withDuplicate(context, thread, (fd) => {
    const error = context.memory.exactly(thread.tid, context.call.pointer(2), OWNER_BYTES);
    if (error < 0) return context.unreadable(thread, error);
    const given = Buffer.from(context.memory.bytes.subarray(0, OWNER_BYTES));
    const kind = given.readInt32LE(0);
    const number = given.readInt32LE(4);
    if (![F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP].includes(kind)) return context.refuses(EINVAL);
    if (number < 0) return context.refuses(ESRCH);
    const verdict = owner(context, thread, kind === F_OWNER_PGRP ? -number : number);
    const call = () => rawCall(syscallNumbers.fcntl, [fd, fcntlCommands.setOwnerEx, given]);
    return verdict || setOwner(context, thread, call);
  });
};

/**
 * `F_SETDELEG` fails as on kernels that do not know it. While a task has a delegation of a file or a directory, each change of it by
 * another process waits until the task gives it back (fs/namei.c, try_break_deleg), for /proc/sys/fs/lease-break-time at most: and that
 * other process would be the supervisor.
 */
function withoutDelegations(context: Context, thread: Thread): Verdict {
  const own = duplicate(thread, context.call.int(0));
  if (own >= 0) closeSoon(own);
  return context.refuses(own === -EBADF ? EBADF : EINVAL);
}

/** `FIOSETOWN`, `SIOCSPGRP`: a pointer to a number, for a socket. On other files the kernel does not have this request. */
function ownerOfSocket(context: Context, thread: Thread, request: number): Verdict {
  return withDuplicate(context, thread, (fd) => {
    if (!isSocket(fd)) return context.refuses(ENOTTY);
    const error = context.memory.exactly(thread.tid, context.call.pointer(2), 4);
    if (error < 0) return context.unreadable(thread, error);
    const given = Buffer.from(context.memory.bytes.subarray(0, 4));
    const verdict = owner(context, thread, given.readInt32LE(0));
    return verdict || setOwner(context, thread, () => ioctlOf(fd, request, given));
  });
}

/** The supervisor's duplicate of the call's descriptor. */
export function withDuplicate(context: Context, thread: Thread, use: (fd: number) => Verdict): Verdict {
  const fd = duplicate(thread, context.call.int(0));
  if (fd === -EBADF) return context.refuses(EBADF);
  if (fd < 0) return context.notSeen(thread, CLOSED);
  try {
    return use(fd);
  } finally {
    closeSoon(fd);
  }
}

/**
 * The receiver of the signals was read from memory, so the supervisor makes the call. The kernel stores the caller's real and
 * effective user with it, and reads the number in the caller's pid namespace: if the supervisor's differ, the task makes the
 * call.
 */
function setOwner(context: Context, thread: Thread, call: () => number): Verdict {
  const { uid, euid } = thread.credentials;
  const isAlike = uid === process.getuid?.() && euid === process.geteuid?.() && !thread.process.countsAnew;
  return isAlike ? context.makes(thread, call) : context.racy();
}

/** 0 is no process: the descriptor's signals end. */
function owner(context: Context, thread: Thread, number: number): Verdict {
  if (number === 0) return 0;
  const found: MaybeTarget =
    number < 0 ? targetGroup(context, thread, -number) : targetByPid(context, thread, pidMeant(thread, number));
  const reachesSupervisor = number < 0 && holdsSupervisor(thread, -number);
  return actOn(context, thread, found, (target) => ({ op: "sigio", subject: target }), reachesSupervisor);
}
