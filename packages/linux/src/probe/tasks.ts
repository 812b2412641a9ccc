/** Probes inspection of another process, as the supervisor inspects the workload: tested on a child. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { addressOf, close, gettid, pidfdGetfd, pidfdOpen, processVmReadv } from "../abi/libc.ts";
import type { Probe } from "./probe.ts";

/** The results: errno or 0 of each. */
export interface Looking {
  readonly pidfd: number;
  readonly getfd: number;
  readonly memory: number;
  readonly threadPidfd: number;
  /** kernel.yama.ptrace_scope; undefined without Yama. */
  readonly ptraceScope: number | undefined;
}

/** `PIDFD_THREAD` (linux/pidfd.h). */
const PIDFD_THREAD = 0o200;
const EIO = 5;
const ESRCH = 3;

export async function tryLooking(): Promise<Looking> {
  const child = spawn(process.execPath, ["--eval", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
  });
  const ended = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
  try {
    return { ...lookInto(child), threadPidfd: briefly(pidfdOpen(gettid(), PIDFD_THREAD)), ptraceScope: ptraceScope() };
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

function lookInto({ pid }: ChildProcess): Pick<Looking, "pidfd" | "getfd" | "memory"> {
  if (pid === undefined) return { pidfd: ESRCH, getfd: ESRCH, memory: ESRCH };
  const pidfd = pidfdOpen(pid, 0);
  if (pidfd < 0) return { pidfd: -pidfd, getfd: -pidfd, memory: readMemory(pid) };
  const getfd = briefly(pidfdGetfd(pidfd, 0));
  close(pidfd);
  return { pidfd: 0, getfd, memory: readMemory(pid) };
}

/** Reads four bytes of the first mapping. */
function readMemory(pid: number): number {
  const address = firstMapping(pid);
  if (address === undefined) return EIO;
  const bytes = Buffer.alloc(4);
  const vector = (base: bigint) => {
    const entry = Buffer.alloc(16);
    entry.writeBigUInt64LE(base, 0);
    entry.writeBigUInt64LE(BigInt(bytes.length), 8);
    return entry;
  };
  const result = processVmReadv(pid, vector(addressOf(bytes)), 1, vector(address), 1);
  return result === bytes.length ? 0 : result < 0 ? -result : EIO;
}

function firstMapping(pid: number): bigint | undefined {
  try {
    const start = /^([0-9a-f]+)-[0-9a-f]+ r/m.exec(readFileSync(`/proc/${pid}/maps`, "latin1"))?.[1];
    return start === undefined ? undefined : BigInt(`0x${start}`);
  } catch {
    return undefined;
  }
}

function briefly(fd: number): number {
  if (fd < 0) return -fd;
  close(fd);
  return 0;
}

function ptraceScope(): number | undefined {
  try {
    return Number(readFileSync("/proc/sys/kernel/yama/ptrace_scope", "latin1"));
  } catch {
    return undefined;
  }
}

export function probeLooking(found: Looking): readonly Probe[] {
  const required = { part: "seccomp", required: true } as const;
  return [
    {
      ...required,
      name: "pidfd_open",
      works: found.pidfd === 0,
      detail: said(found.pidfd, "processes are identified by more than a number"),
      needs: "Linux 5.3",
    },
    {
      ...required,
      name: "pidfd_getfd",
      works: found.getfd === 0,
      detail: said(found.getfd, "a socket of the workload can be inspected"),
      needs: "Linux 5.6",
      ...scopeFix(found.getfd, found),
    },
    {
      ...required,
      name: "process_vm_readv",
      works: found.memory === 0,
      detail: said(found.memory, "arguments of a stopped call can be read"),
      needs: "the right to trace one's own children",
      ...scopeFix(found.memory, found),
    },
    {
      part: "seccomp",
      name: "pidfd of a thread (PIDFD_THREAD)",
      works: found.threadPidfd === 0,
      required: false,
      detail: said(found.threadPidfd, "threads are identified by more than a number"),
      needs: "Linux 6.9",
    },
  ];
}

function said(errno: number, meaning: string): string {
  return errno === 0 ? meaning : `refused (errno ${errno})`;
}

/** Yama's scope 1 lets a parent inspect its children; 2 requires CAP_SYS_PTRACE, and 3 permits no process to do it. */
function scopeFix(errno: number, { ptraceScope: scope }: Looking): { readonly fix?: string } {
  if (errno === 0) return {};
  if (scope !== undefined && scope > 1) return { fix: `kernel.yama.ptrace_scope is ${scope}: set it to 1 or 0` };
  return { fix: "check whether a container's seccomp profile or a security module forbids it" };
}
