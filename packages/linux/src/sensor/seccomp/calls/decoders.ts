/** The decoder of each call. */
import { type Syscall, syscallNumbers } from "../../../abi/syscalls.ts";
import * as adjust from "./adjust.ts";
import * as appending from "./appending.ts";
import * as attributes from "./attributes.ts";
import * as execution from "./execution.ts";
import * as handles from "./handles.ts";
import * as kernel from "./kernel.ts";
import * as marks from "./marks.ts";
import * as making from "./creating.ts";
import * as mounts from "./mounts.ts";
import * as names from "./names.ts";
import * as network from "./network.ts";
import * as open from "./open.ts";
import * as others from "./other-processes.ts";
import { setpgid } from "./process-groups.ts";
import { landlockRestrictSelf } from "./own-rules.ts";
import * as privileges from "./privileges.ts";
import * as processDescriptors from "./process-descriptors.ts";
import * as requests from "./requests.ts";
import { umount } from "./unmount.ts";
import * as sending from "./sending.ts";
import * as truncation from "./truncation.ts";
import * as xattr from "./xattr.ts";
import type { Decoder } from "../context.ts";

/** A call that depends on memory or on a descriptor, and that the task makes itself: counted each time it goes ahead. */
function racily(decode: Decoder): Decoder {
  return (context, thread) => decode(context, thread) || context.racy();
}

const bySyscall: Record<Syscall, Decoder> = {
  execve: execution.execve,
  execveat: execution.execveat,
  mmap: execution.mmap,
  mprotect: execution.mprotect,
  pkey_mprotect: execution.mprotect,
  shmat: execution.shmat,
  personality: execution.personality,

  open: open.open,
  openat: open.openat,
  openat2: open.openat2,
  creat: open.creat,
  open_by_handle_at: handles.openByHandle,

  unlink: names.unlink,
  unlinkat: names.unlinkat,
  rmdir: names.rmdir,
  rename: names.rename,
  renameat: names.renameat,
  renameat2: names.renameat2,
  link: making.link,
  linkat: making.linkat,
  symlink: making.symlink,
  symlinkat: making.symlinkat,
  mkdir: making.mkdir,
  mkdirat: making.mkdirat,
  mknod: making.mknod,
  mknodat: making.mknodat,
  truncate: truncation.truncate,

  ftruncate: appending.ftruncate,
  fallocate: appending.fallocate,
  pwritev2: appending.rewrite,

  chmod: attributes.chmod,
  fchmod: attributes.fchmod,
  fchmodat: attributes.fchmodat,
  fchmodat2: attributes.fchmodat2,
  chown: attributes.chown,
  lchown: attributes.lchown,
  fchown: attributes.fchown,
  fchownat: attributes.fchownat,
  setxattr: xattr.setxattr,
  lsetxattr: xattr.lsetxattr,
  fsetxattr: xattr.fsetxattr,
  setxattrat: xattr.setxattrat,
  removexattr: xattr.removexattr,
  lremovexattr: xattr.lremovexattr,
  fremovexattr: xattr.fremovexattr,
  removexattrat: xattr.removexattrat,
  file_setattr: attributes.fileSetattr,
  utime: attributes.utime,
  utimes: attributes.utimes,
  futimesat: attributes.futimesat,
  utimensat: attributes.utimensat,

  socket: network.socket,
  socketpair: network.socket,
  bind: network.bind,
  listen: network.listen,
  connect: network.connect,
  accept: network.accept,
  accept4: network.accept,
  sendto: sending.sendto,
  sendmsg: sending.sendmsg,
  sendmmsg: sending.sendmmsg,

  kill: others.kill,
  tkill: others.tkill,
  tgkill: others.tgkill,
  rt_sigqueueinfo: others.tkill,
  rt_tgsigqueueinfo: others.tgkill,
  pidfd_send_signal: racily(others.pidfdSendSignal),
  ptrace: others.ptrace,
  process_vm_readv: others.processVmReadv,
  process_vm_writev: others.processVmWritev,
  pidfd_open: processDescriptors.pidfdOpen,
  pidfd_getfd: racily(others.pidfdGetfd),
  prlimit64: adjust.prlimit64,
  setpriority: adjust.priority("setpriority", 0),
  ioprio_set: adjust.priority("ioprio_set", 1),
  setpgid,
  sched_setparam: adjust.adjust("sched_setparam"),
  sched_setscheduler: adjust.adjust("sched_setscheduler"),
  sched_setattr: adjust.adjust("sched_setattr"),
  sched_setaffinity: adjust.adjust("sched_setaffinity"),
  migrate_pages: adjust.adjust("migrate_pages"),
  move_pages: adjust.adjust("move_pages"),
  process_madvise: racily(adjust.processMadvise),
  process_mrelease: racily(adjust.adjustByDescriptor("process_mrelease")),
  ioctl: requests.ioctl,
  fcntl: requests.fcntl,

  setuid: privileges.setid("setuid", 1),
  setgid: privileges.setid("setgid", 1),
  setreuid: privileges.setid("setreuid", 2),
  setregid: privileges.setid("setregid", 2),
  setresuid: privileges.setid("setresuid", 3),
  setresgid: privileges.setid("setresgid", 3),
  setfsuid: privileges.setid("setfsuid", 1),
  setfsgid: privileges.setid("setfsgid", 1),
  setgroups: racily(privileges.setgroups),
  capset: racily(privileges.capset),
  prctl: privileges.prctl,

  mount: racily(mounts.mount),
  umount2: racily(umount),
  pivot_root: racily(privileges.pivotRoot),
  chroot: racily(privileges.chroot),
  landlock_restrict_self: landlockRestrictSelf,
  fsopen: racily(mounts.fsopen),
  fsconfig: racily(mounts.fsconfig),
  fsmount: racily(mounts.fsmount),
  fspick: racily(mounts.fspick),
  move_mount: racily(mounts.moveMount),
  open_tree: racily(mounts.openTree("open_tree")),
  open_tree_attr: racily(mounts.openTree("open_tree_attr")),
  mount_setattr: racily(mounts.mountSetattr),
  unshare: privileges.unshare,
  setns: privileges.setns,
  clone: privileges.clone,
  clone3: privileges.clone3,
  fork: privileges.fork,
  vfork: privileges.vfork,

  bpf: kernel.bpf,
  init_module: kernel.initModule,
  finit_module: racily(kernel.finitModule),
  delete_module: kernel.deleteModule,
  kexec_load: kernel.kexecLoad,
  kexec_file_load: racily(kernel.kexecFileLoad),
  keyctl: kernel.keyctl,
  add_key: kernel.addKey,
  request_key: kernel.requestKey,
  perf_event_open: racily(kernel.perfEventOpen),
  userfaultfd: kernel.userfaultfd,
  swapon: kernel.swap("swapon"),
  swapoff: kernel.swap("swapoff"),
  reboot: kernel.reboot,
  sethostname: kernel.named("hostname", "sethostname"),
  setdomainname: kernel.named("hostname", "setdomainname"),
  settimeofday: kernel.named("settime", "settimeofday"),
  clock_settime: kernel.named("settime", "clock_settime"),
  adjtimex: kernel.adjtime("adjtimex", 0),
  clock_adjtime: kernel.adjtime("clock_adjtime", 1),
  ioperm: kernel.named("ioport", "ioperm"),
  iopl: kernel.named("ioport", "iopl"),
  acct: kernel.acct,
  quotactl: kernel.quotactl,
  quotactl_fd: racily(kernel.admin("quotactl_fd")),
  syslog: kernel.admin("syslog"),
  vhangup: kernel.admin("vhangup"),
  lsm_set_self_attr: racily(kernel.admin("lsm_set_self_attr")),
  fanotify_init: marks.fanotifyInit,
  fanotify_mark: racily(marks.fanotifyMark),
  madvise: kernel.admin("madvise"),
  setsockopt: requests.setsockopt,
  getsockopt: processDescriptors.getsockopt,
  io_uring_setup: kernel.iouring,
  io_uring_enter: kernel.iouring,
  io_uring_register: kernel.iouring,
};

/** Decoders by system call number. */
export const decoders: ReadonlyMap<number, Decoder> = new Map(
  Object.entries(bySyscall).map(([name, decoder]): [number, Decoder] => [syscallNumbers[name as Syscall], decoder]),
);
