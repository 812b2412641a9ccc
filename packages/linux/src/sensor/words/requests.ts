/**
 * Requests about a descriptor (`ioctl`, `fcntl`) and about the process itself (`prctl`) that reach beyond it, by number.
 */

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
