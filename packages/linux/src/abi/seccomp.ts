/** seccomp user notification: constants and layouts of linux/seccomp.h and linux/filter.h. */

export const SECCOMP_SET_MODE_FILTER = 1;
export const SECCOMP_FILTER_FLAG_NEW_LISTENER = 1 << 3;
/** Since 5.19: while the supervisor decides, only fatal signals interrupt the call, so that it does not restart and notify again. */
export const SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 1 << 5;
/** Every flag that Linux 6.18 knows (include/linux/seccomp.h): with any other, seccomp() fails with EINVAL before all else. */
export const SECCOMP_FILTER_FLAG_MASK = 0x3f;

/** With an errno in the low 16 bits. */
export const SECCOMP_RET_ERRNO = 0x0005_0000;
export const SECCOMP_RET_ALLOW = 0x7fff_0000;
export const SECCOMP_RET_USER_NOTIF = 0x7fc0_0000;

export const SECCOMP_IOCTL_NOTIF_RECV = 0xc050_2100;
export const SECCOMP_IOCTL_NOTIF_SEND = 0xc018_2101;
/** Since 5.9; the kernel installs the descriptor in the task, which continues to wait for the answer. */
export const SECCOMP_IOCTL_NOTIF_ADDFD = 0x4018_2103;
export const SECCOMP_IOCTL_NOTIF_ID_VALID = 0x4008_2102;
/** Since 6.6: the waker hands its CPU to the task it wakes. 7 µs a mediated call instead of 26–46, measured. */
export const SECCOMP_IOCTL_NOTIF_SET_FLAGS = 0x4008_2104;
export const SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP = 1;

/** struct seccomp_notif: u64 id, u32 pid, u32 flags, then struct seccomp_data: i32 nr, u32 arch, u64 ip, u64 args[6]. */
export const NOTIF_SIZE = 80;
/** struct seccomp_notif_resp: u64 id, s64 val, s32 error, u32 flags. */
export const RESPONSE_SIZE = 24;
export const RESPONSE_CONTINUE = 1;
/** struct seccomp_notif_addfd: u64 id, u32 flags, u32 srcfd, u32 newfd, u32 newfd_flags. */
export const ADDFD_SIZE = 24;
/** The descriptor gets the number `newfd`, whatever was open under it. */
export const SECCOMP_ADDFD_FLAG_SETFD = 1;

/** Offsets inside struct seccomp_data, for filters. */
export const DATA_NR = 0;
export const DATA_ARCH = 4;
export const dataArgLow = (index: number) => 16 + 8 * index;
export const dataArgHigh = (index: number) => 20 + 8 * index;

/** Classic BPF (linux/bpf_common.h). */
export const BPF_LD_W_ABS = 0x20;
export const BPF_JEQ = 0x15;
export const BPF_JGE = 0x35;
export const BPF_JSET = 0x45;
export const BPF_JA = 0x05;
export const BPF_RET = 0x06;
export const BPF_MAXINSNS = 4096;
