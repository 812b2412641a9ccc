/**
 * A seccomp profile in the form of the OCI runtime specification (config-linux.md, seccomp), as runc, podman and docker read it.
 *
 * The profile refuses the system calls of each operation that no point of the contour has. It cannot be a list of what is allowed:
 * a contour does not say which of the calls were made that exchange nothing.
 */
import { type Operation, operationNames } from "@isoline/core/event";
import { type Exported, WITHOUT_ACTORS } from "./format.ts";
import type { Permits } from "./permits.ts";

/** The calls by which an operation is done, and by which nothing else is done that a contour may have. */
const callsOf: Readonly<Partial<Record<Operation, readonly string[]>>> = {
  unlink: ["unlink"],
  rmdir: ["rmdir"],
  rename: ["rename", "renameat", "renameat2"],
  link: ["link", "linkat"],
  symlink: ["symlink", "symlinkat"],
  mkdir: ["mkdir", "mkdirat"],
  mknod: ["mknod", "mknodat"],
  truncate: ["truncate"],
  chmod: ["chmod", "fchmod", "fchmodat", "fchmodat2"],
  chown: ["chown", "lchown", "fchown", "fchownat"],
  setxattr: ["setxattr", "lsetxattr", "fsetxattr", "setxattrat"],
  removexattr: ["removexattr", "lremovexattr", "fremovexattr", "removexattrat"],
  utimens: ["utime", "utimes", "futimesat", "utimensat"],
  bind: ["bind"],
  listen: ["listen"],
  accept: ["accept", "accept4"],
  kill: ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"],
  ptrace: ["ptrace"],
  vm: ["process_vm_readv", "process_vm_writev"],
  getfd: ["pidfd_getfd"],
  mount: [
    "mount",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "open_tree",
    "open_tree_attr",
    "mount_setattr",
  ],
  umount: ["umount2"],
  pivot: ["pivot_root"],
  chroot: ["chroot"],
  namespace: ["unshare", "setns"],
  bpf: ["bpf"],
  module: ["init_module", "finit_module", "delete_module"],
  kexec: ["kexec_load", "kexec_file_load"],
  keyctl: ["add_key", "request_key", "keyctl"],
  perf: ["perf_event_open"],
  userfaultfd: ["userfaultfd"],
  swap: ["swapon", "swapoff"],
  reboot: ["reboot"],
  hostname: ["sethostname", "setdomainname"],
  settime: ["settimeofday", "clock_settime", "adjtimex", "clock_adjtime"],
  ioport: ["iopl", "ioperm"],
  iouring: ["io_uring_setup", "io_uring_enter", "io_uring_register"],
  admin: ["acct", "quotactl", "quotactl_fd", "vhangup", "syslog"],
  fanotify: ["fanotify_init"],
  "fanotify-mark": ["fanotify_mark"],
};

/** Both remove a name, of a file or of a directory. */
const REMOVES_BOTH = "unlinkat";

/** Socket families by number (linux/socket.h). */
const familyNumbers: Readonly<Record<string, number>> = {
  unix: 1,
  inet: 2,
  inet6: 10,
  key: 15,
  netlink: 16,
  packet: 17,
  can: 29,
  tipc: 30,
  bluetooth: 31,
  alg: 38,
  vsock: 40,
  xdp: 44,
};

/**
 * Operations that are not listed as allowed: what the sentences below say is allowed; other architectures, which are refused; names,
 * which are looked up by those same calls.
 */
const SAID: readonly Operation[] = ["exec", "open", "create", "connect", "send", "socket", "abi", "resolve"];

/** linux/sched.h: the flags with which `clone` makes kernel namespaces. CLONE_NEWTIME it does not know. */
const newNamespaces = {
  CLONE_NEWNS: 0x0002_0000,
  CLONE_NEWCGROUP: 0x0200_0000,
  CLONE_NEWUTS: 0x0400_0000,
  CLONE_NEWIPC: 0x0800_0000,
  CLONE_NEWUSER: 0x1000_0000,
  CLONE_NEWPID: 0x2000_0000,
  CLONE_NEWNET: 0x4000_0000,
} as const;

const EPERM = 1;
const ENOSYS = 38;

/** The calls that the profile refuses whatever their arguments are, ascending. */
export function refusedCalls({ operations }: Pick<Permits, "operations">): string[] {
  const refused = Object.entries(callsOf).flatMap(([operation, calls]) =>
    operations.has(operation as Operation) ? [] : calls,
  );
  if (!operations.has("unlink") && !operations.has("rmdir")) refused.push(REMOVES_BOTH);
  return refused.sort();
}

/** The operations that no point has, and that no rule about system calls refuses: a call of them may also exchange nothing. */
function unrefused({ operations }: Pick<Permits, "operations">): Operation[] {
  return operationNames.filter((name) => callsOf[name] === undefined && !operations.has(name) && !SAID.includes(name));
}

/**
 * New kernel namespaces by `clone`, whose flags are in a register. Those of `clone3` are behind a pointer, so it is answered as by a
 * kernel that has no such call: libraries then use `clone`.
 */
function withoutNamespaces({ operations }: Permits) {
  if (operations.has("namespace")) return [];
  const made = Object.values(newNamespaces).map((flag) => ({
    names: ["clone"],
    action: "SCMP_ACT_ERRNO",
    errnoRet: EPERM,
    // `value` is the mask here.
    args: [{ index: 0, value: flag, valueTwo: flag, op: "SCMP_CMP_MASKED_EQ" }],
  }));
  return [...made, { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS }];
}

export function toSeccomp(permits: Permits): Exported {
  const families = new Set(permits.sockets.map(({ family }) => family));
  const allowed = unrefused(permits);
  const closed = Object.entries(familyNumbers).filter(([family]) => !families.has(family));
  const profile = {
    defaultAction: "SCMP_ACT_ALLOW",
    architectures: ["SCMP_ARCH_X86_64"],
    syscalls: [
      { names: refusedCalls(permits), action: "SCMP_ACT_ERRNO", errnoRet: EPERM },
      ...closed.map(([, number]) => ({
        names: ["socket"],
        action: "SCMP_ACT_ERRNO",
        errnoRet: EPERM,
        args: [{ index: 0, value: number, op: "SCMP_CMP_EQ" }],
      })),
      ...withoutNamespaces(permits),
    ],
  };
  return {
    text: `${JSON.stringify(profile, undefined, 2)}\n`,
    unsaid: [
      WITHOUT_ACTORS,
      "which files, addresses, programs, processes and mounts: seccomp does not see what a pointer points to",
      "`connect`, `sendto`, `openat` and `execve` are allowed whatever they are about",
      "calls that exchange nothing are not on a contour, so all of them are allowed",
      "socket families other than those named in the profile are allowed",
      ...(allowed.length === 0 ? [] : [`allowed although no point has them: ${allowed.join(", ")}`]),
      ...(permits.operations.has("namespace")
        ? ["which kernel namespaces: with one point that makes or enters one, all are allowed"]
        : []),
    ],
  };
}
