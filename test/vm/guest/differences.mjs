import { mountDifferences } from "./mount-differences.mjs";

/**
 * Where the bpf sensor sees otherwise than the seccomp sensor what a case of `test/sensor` does, and why. The reasons stand
 * in docs/guarantees/bpf-differences.md.
 *
 * @typedef {object} Difference
 * @property {string} why
 * @property {readonly string[]} [events] what is seen instead of what the case expects
 */

const PATH_ONLY = "no hook is called for an open with O_PATH";
const REFUSED_BEFORE = "the kernel refuses the call before it calls the hook";
const NO_DIGEST = "a file without a name cannot be found again, and has no digest";
const PATH_ONLY_NO_DIGEST = `${PATH_ONLY}; ${NO_DIGEST}`;
const NO_SUCH_CALL = "this kernel does not have one of the calls";
const OBJECT_KNOWN = "the hook gets the object, whatever path led to it";
const FOREIGN_LOADER = "the files that the kernel loads are reported, and for such a program it loads no other";
const READ_LATER = "learning does not hold the call, and content that has changed meanwhile has no digest";
const NO_HOOK = "no hook is called for a personality; memory that becomes executable by it is an event";
const RINGS = "rings are allowed, and their acts are seen at the hooks";
const AT_HOOKS = "calls of other ABIs are events at the hooks that they reach";
const BY_DESCRIPTOR = "only the hook that every write calls sees it";
const SERVES_FAULTS =
  "page faults of the kernel itself may be served by the workload: no part of the sensor waits for them";
const UNKNOWN_CALLS = "the acts of an unknown call are seen at the hooks, if it reaches any";
const OUTSIDE = "an object outside the task's root is marked as such";
const MAY_COUNT =
  "the address that IPv6 ignores would count if another thread made the socket one of IPv4 after the hook";
const NO_HOOK_FOR_PROCESSES = "no hook asks about descriptors of processes that come with a message or an event";

/** @type {Readonly<Record<string, Difference>>} By what the case does. */
export const differences = {
  ...mountDifferences,
  "send with an address of no family that IPv6 ignores": {
    why: MAY_COUNT,
    events: [
      "socket family=inet6 type=dgram",
      "connect family=inet6 type=dgram address=[::1]:9",
      "send family=unspec type=dgram",
    ],
  },
  "fallocate that zeroes appended data": {
    why: BY_DESCRIPTOR,
    events: ["open access=write,append path=./file"],
  },
  "pwritev2 that does not append": {
    why: BY_DESCRIPTOR,
    events: ["open access=write,append path=./file"],
  },
  "userfaultfd for the kernel's faults": {
    why: SERVES_FAULTS,
  },
  "open for a path only": {
    why: PATH_ONLY,
    events: [],
  },
  "open of a link itself": {
    why: PATH_ONLY,
    events: [],
  },
  "open for a path only ignores creation": {
    why: PATH_ONLY,
    events: [],
  },
  "open by handle": {
    why: OBJECT_KNOWN,
    events: [
      "open access=read path=. mode=040755",
      "open access=read,write path=./file mode=0100644",
      "open access=read path=./file mode=0100644",
    ],
  },
  "openat2 takes a directory for the root": {
    why: PATH_ONLY,
    events: [
      "open access=read path=./dir/inner mode=0100644",
      "open access=write path=./dir/inner mode=0100644",
      "create access=write path=./dir/new mode=0600",
    ],
  },
  "setxattr in all its forms": {
    why: NO_SUCH_CALL,
    events: [
      "setxattr path=./file name=user.a",
      "setxattr path=./file name=user.b",
      "open path=./file",
      "setxattr path=./file name=user.c",
      "removexattr path=./file mode=0100644 name=user.a",
      "removexattr path=./file mode=0100644 name=user.b",
      "removexattr path=./file mode=0100644 name=user.c",
    ],
  },
  "setxattr of a link itself": {
    why: REFUSED_BEFORE,
    events: [],
  },
  execveat: {
    why: PATH_ONLY,
    events: ["exec path=./true mode=0100755 loader="],
  },
  "execveat that only asks": {
    why: PATH_ONLY,
    events: ["open path=./other"],
  },
  "execveat of a descriptor": {
    why: PATH_ONLY,
    events: ["exec path=./true mode=0100755 loader="],
  },
  "execveat of memory": {
    why: NO_DIGEST,
    events: ["open path=./true", "exec path=memfd:no\\x20name mode=0100777 loader="],
  },
  "execve of memory by its descriptor": {
    why: NO_DIGEST,
    events: ["open path=./true", "exec path=memfd:no\\x20name mode=0100777 loader="],
  },
  "exec of a file without a name": {
    why: PATH_ONLY_NO_DIGEST,
    events: [
      "create path=./copy",
      "open path=./true",
      "unlink path=./copy mode=0100700",
      "exec path=?deleted:./copy mode=0100700 loader=",
    ],
  },
  "exec of a file with other names only": {
    why: PATH_ONLY_NO_DIGEST,
    events: ["unlink path=./true mode=0100755", "exec path=?deleted:./true mode=0100755 loader="],
  },
  "execve that fails for its arguments leaves everything as it was": {
    why: REFUSED_BEFORE,
    events: ["open access=read path=./file mode=0100644"],
  },
  "execve for another processor": {
    why: FOREIGN_LOADER,
    events: ["exec path=./tiny mode=0100755 digest=* loader="],
  },
  "mmap of memory with a name": {
    why: NO_DIGEST,
    events: ["open path=./true", "map access=execute path=memfd:no\\x20name mode=0100777"],
  },
  "mmap of a file once its content has changed": {
    why: READ_LATER,
    events: [
      "open path=./other",
      "map access=execute path=./other mode=0100600",
      "open access=read,write path=./other",
      "map path=./other digest=*",
    ],
  },
  personality: {
    why: NO_HOOK,
    events: [],
  },
  "Landlock rules of its own": {
    why: `${REFUSED_BEFORE}; no hook is called for rules that a task puts on itself`,
    events: ["open path=./file"],
  },
  "unknown calls": {
    why: UNKNOWN_CALLS,
    events: [],
  },
  "socket of many families": {
    why: REFUSED_BEFORE,
    events: [
      "socket family=inet type=stream protocol=6",
      "socket family=inet6 type=dgram",
      "socket family=unix type=seqpacket",
      "socket family=netlink type=raw",
      "socket family=unix type=stream protocol=0",
    ],
  },
  "flags of a file": {
    why: NO_SUCH_CALL,
    events: ["open path=./file", "setflags path=./file mode=0100644"],
  },
  "the processes that send to a socket": {
    why: NO_HOOK_FOR_PROCESSES,
    events: ["socket family=unix"],
  },
  "marks of fanotify that report pidfds": {
    why: NO_HOOK_FOR_PROCESSES,
  },
  chroot: {
    why: PATH_ONLY,
    events: [
      "chroot path=./dir",
      "open access=read path=$IN:./dir//inner mode=0100644",
      "open access=write path=$IN:./dir//inner mode=0100644",
      "open access=read,write path=$IN:./dir//inner mode=0100644",
      "mkdir path=$IN:./dir//new mode=0700",
    ],
  },
  "open of an O_PATH descriptor": {
    why: PATH_ONLY,
    events: [
      "open access=read path=./dir/inner mode=0100644",
      "chown path=./dir mode=040755 owner=4294967295 group=4294967295",
    ],
  },
  modules: {
    why: REFUSED_BEFORE,
    events: ["open access=read path=./file mode=0100644", "module call=delete_module path=none"],
  },
  kexec: {
    why: REFUSED_BEFORE,
    events: ["kexec call=kexec_load"],
  },
  keys: {
    why: REFUSED_BEFORE,
    events: [
      "keyctl call=keyctl operation=get-keyring-id",
      "keyctl call=add_key operation=add",
      "keyctl call=request_key operation=request",
    ],
  },
  perf: {
    why: REFUSED_BEFORE,
    events: [],
  },
  "perf of others": {
    why: REFUSED_BEFORE,
    events: [],
  },
  "calls for administrators only": {
    why: REFUSED_BEFORE,
    events: [],
  },
  swap: {
    why: REFUSED_BEFORE,
    events: ["swap call=swapon path=./file", "swap call=swapoff path=./file"],
  },
  time: {
    why: REFUSED_BEFORE,
    events: [],
  },
  ports: {
    why: REFUSED_BEFORE,
    events: [],
  },
  "io uring": {
    why: RINGS,
  },
  "calls of other interfaces": {
    why: AT_HOOKS,
    events: [],
  },
  "path in a pid namespace with a proc of its own": {
    why: OUTSIDE,
    events: [
      "namespace call=clone kinds=mount,pid",
      "mount path=/",
      "mount source=proc path=./empty type=proc",
      "open path=$IN:unknown/./empty/1/status fs=proc",
      "open path=$IN:unknown/./empty/1/task/1/comm",
      "open path=/etc/hostname",
      "open path=./file",
      "open access=read path=?outside:./probe mode=0100755",
      "open access=read path=?outside:/dev/null mode=020666",
    ],
  },
};
