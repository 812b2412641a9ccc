/**
 * Which system calls stop and ask, and under which condition on their arguments.
 *
 * A condition keeps the common, harmless form of a call from costing anything (a plain `mmap`, a `sendto` on a connected
 * socket). It may only look at register values: what a pointer points to is the task's to change.
 */
import { type Syscall, syscallNumbers } from "../../abi/syscalls.ts";

/** When a call is mediated: always, or if an argument (low 32 bits) has one of these bits, or is one of these values. */
export type Condition =
  | { readonly when: "always" }
  | { readonly when: "any-bit"; readonly argument: number; readonly mask: number }
  | { readonly when: "one-of"; readonly argument: number; readonly values: readonly number[] }
  | { readonly when: "not-zero"; readonly argument: number }
  | { readonly when: "not-one-of"; readonly argument: number; readonly values: readonly number[] };

/** Requests to terminals that act on whoever uses them, by number (asm-generic/ioctls.h, linux/kd.h), and what they do. */
export const terminalRequests: Readonly<Record<number, string>> = {
  0x5412: "type", // TIOCSTI
  0x541c: "selection", // TIOCLINUX
  0x541d: "console", // TIOCCONS
  0x5423: "discipline", // TIOCSETD
  0x4b47: "keyboard", // KDSKBENT
  0x4b49: "keyboard", // KDSKBSENT
  0x4b4b: "keyboard", // KDSKBDIACR
  0x4bfb: "keyboard", // KDSKBDIACRUC
  0x4b4d: "keyboard", // KDSETKEYCODE
};
/** FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR (linux/fs.h). */
export const flagRequests: readonly number[] = [0x4008_6602, 0x401c_5820];
/** FIOSETOWN, SIOCSPGRP (asm-generic/sockios.h): a pid, or a group if negative, behind the pointer. */
export const ownerRequests: readonly number[] = [0x8901, 0x8902];
/** linux/fcntl.h: F_SETOWN, F_SETOWN_EX. */
export const fcntlCommands = { setOwner: 8, setOwnerEx: 15 } as const;

/** `syslog` actions that change something: clear, what the console shows (linux/syslog.h); the rest reads or tells sizes. */
const SYSLOG_CHANGES = [4, 5, 6, 7, 8];

const always: Condition = { when: "always" };
const PROT_EXEC = 4;
const SHM_EXEC = 0o100000;

/** `prctl` options that change what the process may do or who may look into it (linux/prctl.h). */
export const prctlOptions: Readonly<Record<number, string>> = {
  4: "set-dumpable",
  8: "set-keepcaps",
  22: "set-seccomp",
  24: "drop-bounding-capability",
  28: "set-securebits",
  35: "set-mm",
  36: "set-child-subreaper",
  47: "ambient-capability",
  0x59616d61: "set-ptracer",
};

const conditional: Partial<Record<Syscall, Condition>> = {
  mmap: { when: "any-bit", argument: 2, mask: PROT_EXEC },
  mprotect: { when: "any-bit", argument: 2, mask: PROT_EXEC },
  pkey_mprotect: { when: "any-bit", argument: 2, mask: PROT_EXEC },
  shmat: { when: "any-bit", argument: 2, mask: SHM_EXEC },
  sendto: { when: "not-zero", argument: 4 },
  prctl: { when: "one-of", argument: 0, values: Object.keys(prctlOptions).map(Number) },
  personality: { when: "not-one-of", argument: 0, values: [0, 0xffff_ffff] },
  kill: { when: "not-zero", argument: 1 },
  tkill: { when: "not-zero", argument: 1 },
  tgkill: { when: "not-zero", argument: 2 },
  ioctl: {
    when: "one-of",
    argument: 1,
    values: [...Object.keys(terminalRequests).map(Number), ...flagRequests, ...ownerRequests],
  },
  fcntl: { when: "one-of", argument: 1, values: Object.values(fcntlCommands) },
  prlimit64: { when: "not-zero", argument: 0 },
  sched_setparam: { when: "not-zero", argument: 0 },
  sched_setscheduler: { when: "not-zero", argument: 0 },
  sched_setattr: { when: "not-zero", argument: 0 },
  sched_setaffinity: { when: "not-zero", argument: 0 },
  migrate_pages: { when: "not-zero", argument: 0 },
  move_pages: { when: "not-zero", argument: 0 },
  syslog: { when: "one-of", argument: 0, values: SYSLOG_CHANGES },
};

/** Every mediated call with its condition, by number. */
export const mediatedCalls: ReadonlyMap<number, Condition> = new Map(
  Object.entries(syscallNumbers)
    .map(([name, number]): [number, Condition] => [number, conditional[name as Syscall] ?? always])
    .sort(([a], [b]) => a - b),
);
