/** Requests on a descriptor (`ioctl`, `fcntl`) and on the process itself (`prctl`) with effects beyond it, by number. */

/** Requests to terminals that act on the terminal's user, by number (asm-generic/ioctls.h, linux/kd.h), and their effects. */
export const terminalRequests: Readonly<Record<number, string>> = {
  0x5412: "type", // TIOCSTI
  0x541c: "selection", // TIOCLINUX
  0x541d: "console", // TIOCCONS
  0x5423: "discipline", // TIOCSETD
  0x540e: "take-over", // TIOCSCTTY, of a terminal that may be another session's
  0x5437: "hang-up", // TIOCVHANGUP
  0x540a: "stop-output", // TCXONC with TCOOFF
  0x5452: "signals", // FIOASYNC, and F_SETFL with O_ASYNC
  0x4b47: "keyboard", // KDSKBENT
  0x4b49: "keyboard", // KDSKBSENT
  0x4b4b: "keyboard", // KDSKBDIACR
  0x4bfb: "keyboard", // KDSKBDIACRUC
  0x4b4d: "keyboard", // KDSETKEYCODE
};
/** TCXONC. With an argument of TCOOFF, each process that writes to the terminal waits until its output is started again (termios(3)). */
export const TCXONC = 0x540a;
export const TCOOFF = 0;
/** FIOASYNC. The signals of a terminal go to its foreground process group, unless the descriptor has another owner. */
export const FIOASYNC = 0x5452;
/** TIOCSCTTY. With an argument of 1, and CAP_SYS_ADMIN, it takes a terminal away from another session (drivers/tty/tty_jobctrl.c). */
export const TIOCSCTTY = 0x540e;
/**
 * FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_ENABLE_VERITY, FS_IOC_SET_ENCRYPTION_POLICY (linux/fs.h, fsverity.h, fscrypt.h):
 * restrictions of a file from then on. FS_IOC_SETVERSION and EXT4_IOC_SETVERSION: its generation. FAT_IOCTL_SET_ATTRIBUTES and
 * BTRFS_IOC_SUBVOL_SETFLAGS (linux/msdos_fs.h, btrfs.h): what an owner may restrict without any capability.
 */
export const flagRequests: readonly number[] = [
  ...[0x4008_6602, 0x401c_5820, 0x4080_6685, 0x800c_6613, 0x4008_7602, 0x4008_6604],
  ...[0x4004_7211, 0x4008_941a],
];
/** linux/fs.h: no change of the file system ends before it is thawed. */
export const FIFREEZE = 0xc004_5877;
/**
 * Requests to the file system of a descriptor, by number (linux/fs.h, fscrypt.h, btrfs.h, f2fs.h; fs/xfs/libxfs/xfs_fs.h,
 * fs/bcachefs/bcachefs_ioctl.h, fs/ocfs2/ocfs2_ioctl.h).
 */
export const fileSystemRequests: Readonly<Record<number, string>> = {
  [FIFREEZE]: "freeze",
  0xc004_5878: "thaw", // FITHAW
  0x8004_587d: "shutdown", // FS_IOC_SHUTDOWN
  0x4100_9432: "label", // FS_IOC_SETFSLABEL
  0xc050_6617: "encryption-key", // FS_IOC_ADD_ENCRYPTION_KEY
  0xc040_6618: "encryption-key", // FS_IOC_REMOVE_ENCRYPTION_KEY
  0xc040_6619: "encryption-key", // FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS
  0xc038_586b: "open-by-handle", // XFS_IOC_OPEN_BY_HANDLE
  0x5000_9401: "subvolume-create", // BTRFS_IOC_SNAP_CREATE
  0x5000_940e: "subvolume-create", // BTRFS_IOC_SUBVOL_CREATE
  0x5000_9417: "subvolume-create", // BTRFS_IOC_SNAP_CREATE_V2
  0x5000_9418: "subvolume-create", // BTRFS_IOC_SUBVOL_CREATE_V2
  0x5000_940f: "subvolume-remove", // BTRFS_IOC_SNAP_DESTROY
  0x5000_943f: "subvolume-remove", // BTRFS_IOC_SNAP_DESTROY_V2
  0x4020_bc10: "subvolume-create", // BCH_IOCTL_SUBVOLUME_CREATE
  0x4020_bc11: "subvolume-remove", // BCH_IOCTL_SUBVOLUME_DESTROY
  0x4030_bc1d: "subvolume-create", // BCH_IOCTL_SUBVOLUME_CREATE_v2
  0x4030_bc1e: "subvolume-remove", // BCH_IOCTL_SUBVOLUME_DESTROY_v2
  0x4018_6f04: "reference", // OCFS2_IOC_REFLINK: a new name, in memory, for a copy of a file
  // What is there is replaced, also where the descriptor was opened for appending only.
  0xc028_660f: "move-extents", // EXT4_IOC_MOVE_EXT
  0xc020_f509: "move-extents", // F2FS_IOC_MOVE_RANGE
  0x6611: "swap-boot", // EXT4_IOC_SWAP_BOOT
};
/** Requests that change the network of the machine, on any socket, by number (linux/sockios.h, if_tunnel.h). */
export const networkRequests: Readonly<Record<number, string>> = {
  0x890b: "route-add", // SIOCADDRT
  0x890c: "route-remove", // SIOCDELRT
  0x8911: "interface-link", // SIOCSIFLINK
  0x8914: "interface-flags", // SIOCSIFFLAGS
  0x8916: "interface-address", // SIOCSIFADDR
  0x8918: "interface-peer", // SIOCSIFDSTADDR
  0x891a: "interface-broadcast", // SIOCSIFBRDADDR
  0x891c: "interface-netmask", // SIOCSIFNETMASK
  0x891e: "interface-metric", // SIOCSIFMETRIC
  0x8920: "interface-memory", // SIOCSIFMEM
  0x8922: "interface-mtu", // SIOCSIFMTU
  0x8923: "interface-name", // SIOCSIFNAME
  0x8924: "interface-hardware", // SIOCSIFHWADDR
  0x8926: "interface-encapsulation", // SIOCSIFENCAP
  0x8930: "interface-slave", // SIOCSIFSLAVE
  0x8931: "multicast-add", // SIOCADDMULTI
  0x8932: "multicast-remove", // SIOCDELMULTI
  0x8934: "interface-flags", // SIOCSIFPFLAGS
  0x8936: "interface-address", // SIOCDIFADDR
  0x8937: "interface-hardware", // SIOCSIFHWBROADCAST
  // SIOCGIFBR, SIOCSIFBR: both add and remove bridges (net/bridge/br_ioctl.c, old_deviceless).
  0x8940: "bridge",
  0x8941: "bridge",
  0x8943: "interface-queue", // SIOCSIFTXQLEN
  0x8949: "interface-register", // SIOCSMIIREG
  0x8953: "neighbour-remove", // SIOCDARP
  0x8955: "neighbour-add", // SIOCSARP
  0x8971: "interface-map", // SIOCSIFMAP
  0x8983: "vlan", // SIOCSIFVLAN
  0x8990: "bond", // SIOCBONDENSLAVE
  0x8991: "bond", // SIOCBONDRELEASE
  0x8992: "bond", // SIOCBONDSETHWADDR
  0x8995: "bond", // SIOCBONDCHANGEACTIVE
  0x89a0: "bridge", // SIOCBRADDBR
  0x89a1: "bridge", // SIOCBRDELBR
  0x89a2: "bridge", // SIOCBRADDIF
  0x89a3: "bridge", // SIOCBRDELIF
  0x89b0: "interface-timestamps", // SIOCSHWTSTAMP
  0x89f1: "tunnel", // SIOCADDTUNNEL
  0x89f2: "tunnel", // SIOCDELTUNNEL
  0x89f3: "tunnel", // SIOCCHGTUNNEL
};
/** IP_VS_BASE_CTL, and how many commands there are to set something (linux/ip_vs.h). */
const IP_VS = 1152;
const IP_VS_COMMANDS = 16;
/**
 * `setsockopt` options that replace tables of the packet filter (IPT_, IP6T_, ARPT_, EBT_SO_SET_…; linux/netfilter*), and those by which
 * connections of the machine are sent elsewhere (IP_VS_SO_SET_…).
 */
const netfilterOptions: readonly number[] = [
  ...[64, 65, 96, 97, 128, 129],
  ...Array.from({ length: IP_VS_COMMANDS }, (_, command) => IP_VS + command),
];
/** linux/in.h, in6.h: levels at which an option is the internet's; elsewhere the numbers mean other things. */
const SOL_IP = 0;
export const SOL_IPV6 = 41;
/** linux/socket.h: a raw socket of IPv6 takes IPV6_HDRINCL at this level as well (net/ipv6/raw.c, rawv6_setsockopt). */
const SOL_RAW = 255;
/**
 * Options that have packets go elsewhere first than their address says: IP_OPTIONS (loose and strict source routes), IPV6_RTHDR,
 * and the older IPV6_2292RTHDR and IPV6_2292PKTOPTIONS. Anyone may set them.
 */
export const routeOptions: ReadonlyMap<number, readonly number[]> = new Map([
  [SOL_IP, [4]],
  [SOL_IPV6, [57, 5, 6]],
]);
/** How an event calls it. */
export const SOURCE_ROUTE = "source-route";
/**
 * IP_HDRINCL, IPV6_HDRINCL: packets bring headers of their own, and the address that is sent to only says where they go first.
 * Sockets of protocol 255 (IPPROTO_RAW) do so from the beginning.
 */
export const headerOptions: ReadonlyMap<number, readonly number[]> = new Map([
  [SOL_IP, [3]],
  [SOL_IPV6, [36]],
  [SOL_RAW, [36]],
]);
/** How an event calls it. */
export const OWN_HEADERS = "own-headers";
/** Of IPv6, since a routing header may be part of a flow label: IPV6_FLOWLABEL_MGR, and sizeof(struct in6_flowlabel_req). */
export const flowLabels = 32;
export const FLOW_LABEL_BYTES = 32;
/** The same as control data of one message: IP_RETOPTS, IPV6_RTHDR, IPV6_2292RTHDR. */
export const routeMessages: ReadonlyMap<number, readonly number[]> = new Map([
  [SOL_IP, [7]],
  [SOL_IPV6, [57, 5]],
]);
/** Options of a socket that hand out descriptors of processes, the sender's and the peer's (asm-generic/socket.h, since 6.5). */
export const SOL_SOCKET = 1;
export const passPidfd = 76;
export const peerPidfd = 77;
/** What stops of `setsockopt`, by level. */
export const socketOptions: ReadonlyMap<number, readonly number[]> = new Map([
  [SOL_SOCKET, [passPidfd]],
  [SOL_RAW, headerOptions.get(SOL_RAW) ?? []],
  ...[SOL_IP, SOL_IPV6].map((level): [number, number[]] => [
    level,
    [
      ...netfilterOptions,
      ...(routeOptions.get(level) ?? []),
      ...(headerOptions.get(level) ?? []),
      ...(level === SOL_IPV6 ? [flowLabels] : []),
    ],
  ]),
]);
/** `madvise` advice that takes pages of the machine out of use: MADV_HWPOISON, MADV_SOFT_OFFLINE (asm-generic/mman-common.h). */
export const poisoningAdvice: readonly number[] = [100, 101];
/** The request to /dev/userfaultfd that does what `userfaultfd` does (linux/userfaultfd.h). */
export const USERFAULTFD_IOC_NEW = 0xaa00;
/** FIOSETOWN, SIOCSPGRP (asm-generic/sockios.h): a pid, or a group if negative, behind the pointer. */
export const ownerRequests: readonly number[] = [0x8901, 0x8902];
/** linux/fcntl.h: F_SETFL, F_SETOWN, F_SETOWN_EX, and since 6.19 F_SETDELEG. */
export const fcntlCommands = { setFlags: 4, setOwner: 8, setOwnerEx: 15, setDelegation: 1040 } as const;
/** FS_IOC_UNRESVSP, FS_IOC_UNRESVSP64, FS_IOC_ZERO_RANGE (linux/falloc.h): fallocate under another name. */
export const spaceRequests: readonly number[] = [0x4030_5829, 0x4030_582b, 0x4030_5839];
/** Requests that empty a file from some place on, also one that was opened for appending. Any owner may make them. */
export const emptyingRequests: readonly number[] = [
  // XFS_IOC_ALLOCSP, XFS_IOC_FREESP, XFS_IOC_ALLOCSP64, XFS_IOC_FREESP64, up to Linux 5.16: the file ends there (fs/xfs/xfs_ioctl.c)
  ...[0x4030_580a, 0x4030_580b, 0x4030_5824, 0x4030_5825],
  // F2FS_IOC_START_ATOMIC_REPLACE: what is written until the commit replaces all of it (linux/f2fs.h)
  0xf519,
];
/** Requests that overwrite, remove or zero parts of a file, also of one that was opened for appending. Any owner may make them. */
export const rewritingRequests: readonly number[] = [
  0x4018_f514, // F2FS_IOC_SEC_TRIM_FILE (linux/f2fs.h)
  0xf505, // F2FS_IOC_ABORT_ATOMIC_WRITE: also what another process has written since it began
  0xf504, // F2FS_IOC_RELEASE_VOLATILE_WRITE, up to Linux 5.17: its first block (fs/f2fs/file.c)
  0x4004_cf03, // CIFS_IOC_COPYCHUNK_FILE: by the content of another file, from its beginning (fs/smb/client/cifs_ioctl.h)
];

/** `prctl` options that change what the process may do or which processes may inspect it (linux/prctl.h). */
export const prctlOptions: Readonly<Record<number, string>> = {
  4: "set-dumpable",
  8: "set-keepcaps",
  22: "set-seccomp",
  24: "drop-bounding-capability",
  28: "set-securebits",
  35: "set-mm",
  36: "set-child-subreaper",
  47: "ambient-capability",
  62: "sched-core",
  0x59616d61: "set-ptracer",
};
