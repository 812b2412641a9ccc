/**
 * A process that runs already begins a namespace, for itself and all that it starts from then on. Its first thread is put into the
 * kernel's table of members, so there must be no other thread, and no child that would stay outside without being told of.
 *
 * Everything is looked at before, when it can be refused, and again afterwards: what the process did in between is outside, and cannot be
 * taken in. Then it is ended, with all that it has inside, so that nothing goes on that looks mediated and is not.
 */
import { readlinkSync } from "node:fs";
import { close, pidfdOpen, pidfdSendSignal } from "../../abi/libc.ts";
import { LinuxError } from "../../error.ts";
import { readProcFile } from "../../process/proc-file.ts";
import { childrenOf, hasEnded, isEnding } from "../../process/proc-status.ts";
import type { KernelNamespace } from "./kernel-namespace.ts";

/** A process, by its number and by a descriptor of it, which proves that the number is still its own. */
export interface HeldProcess {
  readonly pid: number;
  readonly pidfd: number;
}

/** Of another root or namespace, paths and numbers would mean others than those of the contour. */
const SEES = ["root", "ns/mnt", "ns/user", "ns/pid", "ns/net"];
const SIGKILL = 9;
const PATIENCE_MS = 2000;
const STEP_MS = 10;

/** Throws `launch-failed` for a process that cannot be taken in, before anything is begun for it. */
export function assertFitToTakeIn(pid: number): void {
  const why = obstacle(pid, () => false);
  if (why !== undefined) throw refused(`expected ${why}; nothing was begun`);
}

/** Throws `launch-failed` for a process that cannot be taken in. One that changed meanwhile is ended. */
export function takeIn(kernel: KernelNamespace, held: HeldProcess): void {
  assertSame(held);
  assertFitToTakeIn(held.pid);
  if (!kernel.members.begin(held.pidfd))
    throw refused(`process ${held.pid} cannot begin a namespace: it has ended, or is in one itself`);
  const since = kernel.members.has(held.pid)
    ? obstacle(held.pid, (child) => kernel.members.has(child))
    : "a process that does not execute another program from another thread meanwhile";
  if (since === undefined) return;
  pidfdSendSignal(held.pidfd, SIGKILL);
  endMembers(kernel);
  throw refused(`expected ${since}, while it was taken in; it was ended, as a part of it was outside`);
}

/** The number must be of the process that the descriptor is of, and not of a later one. */
function assertSame({ pid, pidfd }: HeldProcess): void {
  const [, own] = /^Pid:\s*(-?\d+)$/m.exec(readProcFile(`/proc/self/fdinfo/${pidfd}`) ?? "") ?? [];
  if (own !== String(pid)) throw refused(`process ${pid} has ended before its namespace began`);
}

/** What is expected and is not so; undefined if it can be taken in. `isInside` knows which children are members. */
function obstacle(pid: number, isInside: (child: number) => boolean): string | undefined {
  const status = readProcFile(`/proc/${pid}/status`) ?? "";
  const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN);
  const [threads, tracer, uid, privileges] = [field("Threads"), field("TracerPid"), field("Uid"), field("NoNewPrivs")];
  if (isEnding(pid)) return "a process that lives";
  if (threads !== 1) return `a process with one thread, got ${threads}; ask before others are started`;
  if (tracer !== 0) return `a process that no other one traces, got one that process ${tracer} traces`;
  // Under a contour of its user's, a program with more rights could be refused just what it needs to give them up.
  if (uid !== 0 && privileges !== 1)
    return "a process that gains no privileges by an exec; set that first: prctl(PR_SET_NO_NEW_PRIVS, 1)";
  const other = SEES.find((link) => linkOf(`/proc/${pid}/${link}`) !== linkOf(`/proc/self/${link}`));
  if (other !== undefined) return `a process that sees what the supervisor sees, got one with another ${other}`;
  const children = childrenOf(pid, pid);
  if (children === undefined) return "a kernel that lists the children of a process (CONFIG_PROC_CHILDREN)";
  const outside = children.find((child) => !isInside(child) && !hasEnded(child));
  if (outside !== undefined) return `a process without children, got one whose child ${outside} would stay outside`;
  return undefined;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Ends every member, so that the namespace can be left. */
function endMembers(kernel: KernelNamespace): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
    const living = kernel.members.all().filter(({ pid }) => !hasEnded(pid));
    if (living.length === 0) return kernel.members.endUncounted();
    for (const { pid } of living) kill(kernel, pid);
    Atomics.wait(clock, 0, 0, STEP_MS);
  }
}

function kill(kernel: KernelNamespace, pid: number): void {
  const pidfd = pidfdOpen(pid, 0);
  if (pidfd < 0) return;
  // Asked once the descriptor is held: the number may be another process's by now.
  if (kernel.members.has(pid)) pidfdSendSignal(pidfd, SIGKILL);
  close(pidfd);
}

function refused(message: string): LinuxError {
  return new LinuxError("launch-failed", message);
}
