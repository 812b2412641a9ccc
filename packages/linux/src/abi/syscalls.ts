/**
 * System call numbers of x86-64 that the sensor mediates (arch/x86/entry/syscalls/syscall_64.tbl).
 *
 * Other architectures: not yet. `isoline doctor` says so, and the launcher refuses to start there.
 */
export const syscallNumbers = {
  open: 2, mmap: 9, mprotect: 10, shmat: 30, socket: 41, connect: 42, accept: 43, sendto: 44, sendmsg: 46, bind: 49,
  listen: 50, socketpair: 53, clone: 56, fork: 57, vfork: 58, execve: 59, kill: 62, truncate: 76, chdir: 80, fchdir: 81,
  rename: 82, mkdir: 83, rmdir: 84, creat: 85, link: 86, unlink: 87, symlink: 88, chmod: 90, fchmod: 91, chown: 92,
  fchown: 93, lchown: 94, ptrace: 101, setuid: 105, setgid: 106, setreuid: 113, setregid: 114, setgroups: 116,
  setresuid: 117, setresgid: 119, setfsuid: 122, setfsgid: 123, capset: 126, rt_sigqueueinfo: 129, utime: 132,
  mknod: 133, personality: 135, pivot_root: 155, prctl: 157, adjtimex: 159, chroot: 161, settimeofday: 164, mount: 165,
  umount2: 166, swapon: 167, swapoff: 168, reboot: 169, sethostname: 170, setdomainname: 171, iopl: 172, ioperm: 173,
  init_module: 175, delete_module: 176, setxattr: 188, lsetxattr: 189, fsetxattr: 190, removexattr: 197,
  lremovexattr: 198, fremovexattr: 199, tkill: 200, clock_settime: 227, tgkill: 234, utimes: 235, kexec_load: 246,
  add_key: 248, request_key: 249, keyctl: 250, openat: 257, mkdirat: 258, mknodat: 259, fchownat: 260, futimesat: 261,
  unlinkat: 263, renameat: 264, linkat: 265, symlinkat: 266, fchmodat: 268, unshare: 272, utimensat: 280, accept4: 288,
  rt_tgsigqueueinfo: 297, perf_event_open: 298, open_by_handle_at: 304, clock_adjtime: 305, sendmmsg: 307, setns: 308,
  process_vm_readv: 310, process_vm_writev: 311, finit_module: 313, renameat2: 316, kexec_file_load: 320, bpf: 321,
  execveat: 322, userfaultfd: 323, pkey_mprotect: 329, pidfd_send_signal: 424, io_uring_setup: 425, io_uring_enter: 426,
  io_uring_register: 427, open_tree: 428, move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432, fspick: 433,
  clone3: 435, openat2: 437, pidfd_getfd: 438, mount_setattr: 442, fchmodat2: 452, setxattrat: 463, removexattrat: 466,
  open_tree_attr: 467,
} as const;

export type Syscall = keyof typeof syscallNumbers;

/** AUDIT_ARCH_X86_64 (linux/audit.h). */
export const AUDIT_ARCH_X86_64 = 0xc000_003e;

/** Set in the number of x32 calls (arch/x86/include/uapi/asm/unistd.h). */
export const X32_SYSCALL_BIT = 0x4000_0000;
