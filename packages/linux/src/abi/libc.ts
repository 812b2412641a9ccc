/**
 * The C library and the kernel, called through koffi: the only file that declares foreign functions.
 *
 * Every function returns what the kernel returns, with failure as a negative errno (`-2` is ENOENT): no exceptions, no
 * allocation, no second call for errno. Buffers passed here are used during the call only, unless their address was taken with
 * `addressOf`, in which case the caller keeps them alive.
 */
import koffi from "koffi";

const libc = koffi.load(null);

/** `syscall(2)` with integer arguments; strings and structs are passed as Buffers or addresses. */
const call = (types: string[]) => libc.func("syscall", "long", ["long", ...types]);
const word0 = call([]);
const word1 = call(["long"]);
const word3 = call(["long", "long", "long"]);
const word5 = call(["long", "long", "long", "long", "long"]);
const ioctlPointer = libc.func("ioctl", "int", ["int", "ulong", "void *"]);
const ioctlWord = libc.func("ioctl", "int", ["int", "ulong", "ulong"]);
const vmReadv = call(["long", "void *", "long", "void *", "long", "long"]);
const openPath = call(["long", "void *", "void *", "long"]);
const openatCall = call(["long", "void *", "long", "long"]);
const statxCall = call(["long", "void *", "long", "long", "void *"]);
const readlinkCall = call(["long", "void *", "void *", "long"]);
const accessCall = call(["long", "void *", "long", "long"]);
const capgetCall = call(["void *", "void *"]);
const getsock = call(["long", "void *", "void *"]);
const getsockoptCall = call(["long", "long", "long", "void *", "void *"]);
const pollCall = call(["void *", "long", "long"]);
const epollCtlCall = call(["long", "long", "long", "void *"]);
const epollWaitCall = call(["long", "void *", "long", "long"]);
const pathOf = call(["long", "void *"]);
const getxattrCall = call(["void *", "void *", "void *", "long"]);
const setxattrCall = call(["void *", "void *", "void *", "long", "long"]);
const readCall = call(["long", "void *", "long"]);
const preadCall = call(["long", "void *", "long", "int64"]);
const waitCall = call(["long", "void *", "long", "void *"]);
const prlimitCall = call(["long", "long", "void *", "void *"]);
const seccompCall = call(["long", "long", "void *"]);
const sigactionCall = libc.func("sigaction", "int", ["int", "void *", "void *"]);
const sigmaskCall = libc.func("pthread_sigmask", "int", ["int", "void *", "void *"]);
const spawn = libc.func("posix_spawn", "int", ["void *", "void *", "void *", "void *", "void *", "void *"]);

const malloptCall = libc.func("mallopt", "int", ["int", "int"]);
const passwdByName = libc.func("getpwnam_r", "int", ["str", "void *", "void *", "size_t", "void *"]);
const passwdByNumber = libc.func("getpwuid_r", "int", ["uint", "void *", "void *", "size_t", "void *"]);
const groupList = libc.func("getgrouplist", "int", ["str", "uint", "void *", "void *"]);

const fail = (result: number): number => (result < 0 ? -koffi.errno() : result);

/** `struct epoll_event` is packed on x86-64 (linux/eventpoll.h). */
const EPOLL_EVENT_BYTES = 12;
const EPOLL_CTL_ADD = 1;
const EPOLL_CLOEXEC = 0o2000000;

/** x86-64 system call numbers of the calls made here (arch/x86/entry/syscalls/syscall_64.tbl). */
const NR = {
  read: 0,
  close: 3,
  pread64: 17,
  poll: 7,
  getsockname: 51,
  getsockopt: 55,
  kill: 62,
  gettid: 186,
  setxattr: 188,
  getxattr: 191,
  tgkill: 234,
  setgroups: 116,
  setresuid: 117,
  setresgid: 119,
  fcntl: 72,
  fstatfs: 138,
  capget: 125,
  setpriority: 141,
  prctl: 157,
  wait4: 61,
  flock: 73,
  exit_group: 231,
  epoll_wait: 232,
  epoll_ctl: 233,
  epoll_create1: 291,
  dup3: 292,
  getpgrp: 111,
  openat: 257,
  readlinkat: 267,
  prlimit64: 302,
  process_vm_readv: 310,
  process_vm_writev: 311,
  seccomp: 317,
  statx: 332,
  pidfd_send_signal: 424,
  pidfd_open: 434,
  openat2: 437,
  pidfd_getfd: 438,
  faccessat2: 439,
} as const;

/** Address of a Buffer's bytes; valid as long as the caller keeps the Buffer. */
export function addressOf(buffer: Uint8Array): bigint {
  return koffi.address(buffer) as bigint;
}

/** Address of a C library symbol (for signal handlers that only have to exist). */
export function symbolAddress(name: string): bigint {
  return koffi.address(libc.symbol(name)) as bigint;
}

export function ioctl(fd: number, request: number, argument: Buffer | number): number {
  return fail(typeof argument === "number" ? ioctlWord(fd, request, argument) : ioctlPointer(fd, request, argument));
}

/** `fcntl(2)` with a command that takes a number. */
export function fcntl(fd: number, command: number, argument: number): number {
  return fail(word3(NR.fcntl, fd, command, argument));
}

/** `flock(2)`. */
export function flock(fd: number, operation: number): number {
  return fail(word3(NR.flock, fd, operation, 0));
}

export function close(fd: number): number {
  return fail(word1(NR.close, fd));
}

/** `read(2)` into a whole Buffer; the number of bytes, 0 at the end. */
export function read(fd: number, out: Buffer): number {
  return fail(readCall(NR.read, fd, out, out.length));
}

/** `pread64(2)` into a whole Buffer, from `offset`. */
export function pread(fd: number, out: Buffer, offset: number | bigint): number {
  return fail(preadCall(NR.pread64, fd, out, out.length, offset));
}

/** `openat2(2)`; `path` NUL-terminated bytes, `how` a 24-byte `struct open_how`. */
export function openat2(directory: number, path: Buffer, how: Buffer): number {
  return fail(openPath(NR.openat2, directory, path, how, 24));
}

/** `statx(2)` into a 256-byte Buffer. */
export function statx(directory: number, path: Buffer, flags: number, mask: number, out: Buffer): number {
  return fail(statxCall(NR.statx, directory, path, flags, mask, out));
}

/** `openat(2)`; `path` NUL-terminated bytes. The kernel adds O_LARGEFILE, as it does for any 64-bit program. */
export function openat(directory: number, path: Buffer, flags: number, mode: number): number {
  return fail(openatCall(NR.openat, directory, path, flags, mode));
}

export function readlinkat(directory: number, path: Buffer, out: Buffer): number {
  return fail(readlinkCall(NR.readlinkat, directory, path, out, out.length));
}

export function faccessat2(directory: number, path: Buffer, mode: number, flags: number): number {
  return fail(accessCall(NR.faccessat2, directory, path, mode, flags));
}

/** `fstatfs(2)` into a 120-byte Buffer; the magic of the file system is the first word of the result. */
export function fstatfs(fd: number, out: Buffer): number {
  return fail(pathOf(NR.fstatfs, fd, out));
}

/** `getxattr(2)` into a Buffer; path and name are NUL-terminated bytes. The length of the value, or a negative errno. */
export function getxattr(path: Buffer, name: Buffer, out: Buffer): number {
  return fail(getxattrCall(NR.getxattr, path, name, out, out.length));
}

/** `setxattr(2)`, whether the attribute exists already or not. */
export function setxattr(path: Buffer, name: Buffer, value: Buffer): number {
  return fail(setxattrCall(NR.setxattr, path, name, value, value.length, 0));
}

/** `process_vm_readv(2)`; both arguments are arrays of `struct iovec`, 16 bytes each. */
export function processVmReadv(
  pid: number,
  local: Buffer,
  localCount: number,
  remote: Buffer,
  remoteCount: number,
): number {
  return fail(vmReadv(NR.process_vm_readv, pid, local, localCount, remote, remoteCount, 0));
}

/** `process_vm_writev(2)`, as `processVmReadv`. */
export function processVmWritev(
  pid: number,
  local: Buffer,
  localCount: number,
  remote: Buffer,
  remoteCount: number,
): number {
  return fail(vmReadv(NR.process_vm_writev, pid, local, localCount, remote, remoteCount, 0));
}

/** linux/resource.h */
const PRIO_PROCESS = 0;

/** malloc.h */
const M_MMAP_THRESHOLD = -3;
const M_TRIM_THRESHOLD = -1;

/** From now on, in all threads, blocks larger than this go back to the kernel when they are freed; else the limit rises (mallopt(3)). */
export function returnLarger(bytes: number): void {
  malloptCall(M_MMAP_THRESHOLD, bytes);
}

/** From now on, in all threads, memory goes back to the kernel once so many bytes are free at the end of a heap (mallopt(3)). */
export function trimHeapsFrom(bytes: number): void {
  malloptCall(M_TRIM_THRESHOLD, bytes);
}

export function pidfdOpen(pid: number, flags: number): number {
  return fail(word3(NR.pidfd_open, pid, flags, 0));
}

export function pidfdGetfd(pidfd: number, fd: number): number {
  return fail(word3(NR.pidfd_getfd, pidfd, fd, 0));
}

export function pidfdSendSignal(pidfd: number, signal: number): number {
  return fail(word5(NR.pidfd_send_signal, pidfd, signal, 0, 0, 0));
}

/** `capget(2)`: header of 8 bytes, data of 24. */
export function capget(header: Buffer, data: Buffer): number {
  return fail(capgetCall(NR.capget, header, data));
}

export function getsockname(fd: number, address: Buffer, length: Buffer): number {
  return fail(getsock(NR.getsockname, fd, address, length));
}

export function getsockopt(fd: number, level: number, option: number, value: Buffer, length: Buffer): number {
  return fail(getsockoptCall(NR.getsockopt, fd, level, option, value, length));
}

/** Sets all three ids of the calling *thread* alone: a raw system call, not the C library's process-wide one. */
export function setresuid(uid: number): number {
  return fail(word3(NR.setresuid, uid, uid, uid));
}

export function setresgid(gid: number): number {
  return fail(word3(NR.setresgid, gid, gid, gid));
}

/** Fills a `struct passwd`, whose strings are stored in `text`; false if there is no such user. */
export function findPasswd(who: string | number, entry: Buffer, text: Buffer): boolean {
  const found = Buffer.alloc(8);
  const look = typeof who === "number" ? passwdByNumber : passwdByName;
  return look(who, entry, text, text.length, found) === 0 && found.readBigUInt64LE(0) !== 0n;
}

/** Fills in the groups of a user, `gid` among them. Returns their number, or -1 if they do not fit. */
export function groupsOf(name: string, gid: number, groups: Buffer, room: number): number {
  const count = Buffer.alloc(4);
  count.writeInt32LE(room);
  return groupList(name, gid, groups, count) < 0 ? -1 : count.readInt32LE(0);
}

export function setgroups(count: number, groups: Buffer): number {
  return fail(pathOf(NR.setgroups, count, groups));
}

export function getpgrp(): number {
  return word0(NR.getpgrp);
}

export function gettid(): number {
  return word0(NR.gettid);
}

/** Sets the nice value of the calling *thread* alone; a negative errno if the thread may not lower it so far. */
export function setNice(value: number): number {
  return fail(word3(NR.setpriority, PRIO_PROCESS, 0, value));
}

export function tgkill(process: number, thread: number, signal: number): number {
  return fail(word3(NR.tgkill, process, thread, signal));
}

export function kill(pid: number, signal: number): number {
  return fail(word3(NR.kill, pid, signal, 0));
}

export function prctl(option: number, a = 0, b = 0, c = 0, d = 0): number {
  return fail(word5(NR.prctl, option, a, b, c, d));
}

/** The same with a buffer as its last argument, which the kernel fills. */
export function prctlInto(option: number, a: number, b: number, c: number, out: Buffer): number {
  return fail(word5(NR.prctl, option, a, b, c, addressOf(out)));
}

export function wait4(pid: number, status: Buffer, options: number): number {
  return fail(waitCall(NR.wait4, pid, status, options, null));
}

export function prlimit(pid: number, resource: number, next: Buffer | null, previous: Buffer | null): number {
  return fail(prlimitCall(NR.prlimit64, pid, resource, next, previous));
}

export function seccomp(operation: number, flags: number, argument: Buffer | null): number {
  return fail(seccompCall(NR.seccomp, operation, flags, argument));
}

const pollEntry: Buffer = Buffer.alloc(8);

/** `poll(2)` of one descriptor without waiting: its `revents`, or a negative errno. */
export function pollNow(fd: number, events: number): number {
  pollEntry.writeInt32LE(fd, 0);
  pollEntry.writeInt32LE(events, 4);
  const result = fail(pollCall(NR.poll, pollEntry, 1, 0));
  return result < 0 ? result : pollEntry.readUInt16LE(6);
}

/** `poll(2)` of `struct pollfd` entries, 8 bytes each, with a timeout in milliseconds (-1: none). */
export function poll(entries: Buffer, count: number, milliseconds: number): number {
  return fail(pollCall(NR.poll, entries, count, milliseconds));
}

/** `epoll_create1(2)`, close-on-exec. */
export function epollCreate(): number {
  return fail(word1(NR.epoll_create1, EPOLL_CLOEXEC));
}

/** `epoll_ctl(2)`: adds a descriptor with its `events`. */
export function epollAdd(epoll: number, fd: number, events: number): number {
  const event = Buffer.alloc(EPOLL_EVENT_BYTES);
  event.writeUInt32LE(events >>> 0, 0);
  return fail(epollCtlCall(NR.epoll_ctl, epoll, EPOLL_CTL_ADD, fd, event));
}

const epollEvent: Buffer = Buffer.alloc(EPOLL_EVENT_BYTES);

/** `epoll_wait(2)` for one event with a timeout in milliseconds: 1 if there was one, 0 if not. */
export function epollWait(epoll: number, milliseconds: number): number {
  return fail(epollWaitCall(NR.epoll_wait, epoll, epollEvent, 1, milliseconds));
}

/** `dup3(2)`: makes `onto` a duplicate of `fd`. */
export function dup3(fd: number, onto: number, flags: number): number {
  return fail(word3(NR.dup3, fd, onto, flags));
}

/** The C library's `sigaction`, with 152-byte structs, so that it supplies the restorer itself. */
export function sigaction(signal: number, action: Buffer | null, previous: Buffer | null): number {
  return fail(sigactionCall(signal, action, previous));
}

/** The calling thread's signal mask; `set` is a 128-byte `sigset_t`. */
export function sigprocmask(how: number, set: Buffer): number {
  return sigmaskCall(how, set, null);
}

export function exitGroup(status: number): never {
  return word1(NR.exit_group, status) as never;
}

/** `posix_spawn(3)`: returns an errno, positive, or 0; the pid is written into `pid` (int32). */
export function posixSpawn(
  pid: Buffer,
  path: Buffer,
  actions: Buffer | null,
  attributes: Buffer | null,
  argv: Buffer,
  envp: Buffer,
): number {
  return spawn(pid, path, actions, attributes, argv, envp);
}

const attributeInit = libc.func("posix_spawnattr_init", "int", ["void *"]);
const attributeFlags = libc.func("posix_spawnattr_setflags", "int", ["void *", "short"]);
const attributeMask = libc.func("posix_spawnattr_setsigmask", "int", ["void *", "void *"]);
const attributeDefault = libc.func("posix_spawnattr_setsigdefault", "int", ["void *", "void *"]);
const actionsInit = libc.func("posix_spawn_file_actions_init", "int", ["void *"]);
const actionsDup2 = libc.func("posix_spawn_file_actions_adddup2", "int", ["void *", "int", "int"]);
const actionsClose = libc.func("posix_spawn_file_actions_addclose", "int", ["void *", "int"]);

/** Spawn attributes: signal mask and signals to reset, each a 128-byte `sigset_t`. Returns the 336-byte `posix_spawnattr_t`. */
export function spawnAttributes(mask: Buffer, defaults: Buffer): Buffer {
  const SETSIGDEF = 0x04;
  const SETSIGMASK = 0x08;
  const attributes = Buffer.alloc(512);
  attributeInit(attributes);
  attributeFlags(attributes, SETSIGDEF | SETSIGMASK);
  attributeMask(attributes, mask);
  attributeDefault(attributes, defaults);
  return attributes;
}

/** File actions: descriptors to keep across exec (each cleared of close-on-exec by a dup2 onto itself), and to close. */
export function spawnFileActions(keep: readonly number[], shut: readonly number[]): Buffer {
  const actions = Buffer.alloc(256);
  actionsInit(actions);
  for (const fd of keep) actionsDup2(actions, fd, fd);
  for (const fd of shut) actionsClose(actions, fd);
  return actions;
}
