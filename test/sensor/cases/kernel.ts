/**
 * Calls that reach into the kernel itself. Every call here fails, or changes nothing but the process itself: wrong magic
 * numbers, invalid files, invalid times.
 */
import type { Case } from "../case.ts";
import {
  at,
  call,
  callNumber,
  HOLD,
  interrupt,
  must,
  poke,
  put,
  result,
  type Script,
  spawned,
  struct,
  UNMAPPED,
} from "../script.ts";

const CLONE_NEWUTS = 0x400_0000;
const NO_SUCH_FLAGS = 0xff;
const WRONG_MAGIC = 0;
const CLOCK_MONOTONIC = 1;
const X32 = 0x4000_0000;
const ENOSYS = 38;
const LAST_KNOWN = 469;
/** A kernel that takes x32 calls may take this one without its bit as well. */
const X32_EXECVE = 520;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOL_IP = 0;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPT_SO_SET_REPLACE = 64;
const SIOCSIFMTU = 0x8922;
const SIOCGIFCONF = 0x8912;
const SIOCSIFBR = 0x8941;
const IP_VS_SO_SET_ADD = 1154;
const SOL_RAW = 255;
const SOCK_RAW = 3;
const IPPROTO_ICMPV6 = 58;
const FIFREEZE = 0xc004_5877;
const EXT4_IOC_MOVE_EXT = 0xc028_660f;
const EXT4_IOC_SWAP_BOOT = 0x6611;
const F2FS_IOC_MOVE_RANGE = 0xc020_f509;
const BCH_IOCTL_SUBVOLUME_CREATE = 0x4020_bc10;
const BCH_IOCTL_SUBVOLUME_DESTROY_V2 = 0x4030_bc1e;
const OCFS2_IOC_REFLINK = 0x4018_6f04;
const AF_INET6 = 10;
const SOL_IPV6 = 41;
const IP_HDRINCL = 3;
const IP_OPTIONS = 4;
const IPV6_RTHDR = 57;
const IPV6_HDRINCL = 36;
const IPV6_FLOWLABEL_MGR = 32;
const PIDFD_SELF = -10_000;
const MADV_WILLNEED = 3;
const MADV_SOFT_OFFLINE = 101;
/** `adjtimex` refuses ADJ_ADJTIME without ADJ_OFFSET_SINGLESHOT before it reads anything else. */
const timex = (modes: number): Script => poke(0, Buffer.concat([struct([4, modes]), Buffer.alloc(252)]));

export const kernel: readonly Case[] = [
  {
    does: "bpf",
    calls: [call("bpf", 0, UNMAPPED, 0), call("bpf", 5, UNMAPPED, 0), call("bpf", 999, UNMAPPED, 0)],
    events: ["bpf command=map-create", "bpf command=prog-load", "bpf command=command-999"],
  },
  {
    does: "modules",
    calls: [
      call("init_module", UNMAPPED, 0, ""),
      must(call("open", "file", 0)),
      call("finit_module", result(1), "", NO_SUCH_FLAGS),
      call("delete_module", "isoline_no_such_module", 0o4000),
    ],
    events: [
      "module call=init_module path=none",
      "open path=./file",
      "module call=finit_module path=./file digest=*",
      "module call=delete_module path=none",
    ],
  },
  {
    does: "kexec",
    calls: [call("kexec_load", 0, 0, 0, NO_SUCH_FLAGS), call("kexec_file_load", -1, -1, 0, 0, NO_SUCH_FLAGS)],
    events: ["kexec call=kexec_load", "kexec call=kexec_file_load"],
  },
  {
    does: "keys",
    calls: [
      call("keyctl", 0, -3, 0),
      call("keyctl", 999, 0, 0),
      call("add_key", "user", "isoline-sensor-test", "x", 1, -2),
      call("request_key", "user", "isoline-none", 0, 0),
    ],
    events: [
      "keyctl call=keyctl operation=get-keyring-id",
      "keyctl operation=operation-999",
      "keyctl call=add_key operation=add",
      "keyctl call=request_key operation=request",
    ],
  },
  {
    does: "perf",
    calls: [
      call("perf_event_open", struct([4, 1], [4, 64]), 0, -1, -1, 0),
      call("perf_event_open", struct([4, 77], [4, 64]), 0, -1, -1, 0),
      call("perf_event_open", UNMAPPED, 0, -1, -1, 0),
    ],
    events: ["perf type=software", "perf type=pmu"],
  },
  {
    does: "perf of others",
    calls: [
      spawned(HOLD),
      call("perf_event_open", struct([4, 1], [4, 64]), result(0), -1, -1, 0),
      call("perf_event_open", struct([4, 1], [4, 64]), -1, 0, -1, 0),
      call("perf_event_open", struct([4, 1], [4, 64]), 99, 0, -1, 4),
    ],
    events: [
      "perf type=software relation=child",
      "perf type=software relation=everyone",
      "perf type=software relation=control-group",
    ],
  },
  {
    does: "calls for administrators only",
    calls: [
      call("acct", "none"),
      call("quotactl", 0, "none", 0, 0),
      call("syslog", 999, 0, 0),
      call("quotactl_fd", -1, 0, 0, 0),
    ],
    events: [
      "admin call=acct path=?unresolved",
      "admin call=quotactl path=?unresolved",
      "admin call=quotactl_fd path=none",
    ],
  },
  {
    does: "network of the machine",
    calls: [
      must(call("socket", AF_INET, SOCK_DGRAM, 0)),
      call("ioctl", result(0), SIOCSIFMTU, UNMAPPED),
      call("ioctl", result(0), SIOCGIFCONF, UNMAPPED),
      call("setsockopt", result(0), SOL_IP, IPT_SO_SET_REPLACE, UNMAPPED, 8),
      call("setsockopt", result(0), SOL_SOCKET, SO_REUSEADDR, at(0), 4),
      call("setsockopt", result(0), SOL_SOCKET, IPT_SO_SET_REPLACE, at(0), 4),
    ],
    events: ["socket family=inet", "admin call=interface-mtu path=none", "admin call=netfilter path=none"],
  },
  {
    does: "packets with headers of their own, and labels with options",
    calls: [
      must(call("socket", AF_INET, SOCK_DGRAM, 0)),
      call("setsockopt", result(0), SOL_IP, IP_HDRINCL, at(0), 4),
      call("setsockopt", result(0), SOL_IPV6, IPV6_FLOWLABEL_MGR, UNMAPPED, 32),
      call("setsockopt", result(0), SOL_IPV6, IPV6_FLOWLABEL_MGR, UNMAPPED, 72),
    ],
    events: ["socket family=inet", "admin call=own-headers path=none", "admin call=source-route path=none"],
  },
  {
    does: "packets of IPv6 with headers and routes of their own",
    calls: [
      must(call("socket", AF_INET6, SOCK_DGRAM, 0)),
      call("setsockopt", result(0), SOL_IPV6, IPV6_HDRINCL, at(0), 4),
      call("setsockopt", result(0), SOL_IPV6, IPV6_FLOWLABEL_MGR, UNMAPPED, 32),
      call("setsockopt", result(0), SOL_IPV6, IPV6_RTHDR, UNMAPPED, 24),
    ],
    events: ["socket family=inet6", "admin call=own-headers path=none", "admin call=source-route path=none"],
  },
  {
    does: "packets of IPv6 with headers of their own, at the level of raw sockets",
    by: "root",
    calls: [
      must(call("socket", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)),
      put(0, 4, 1),
      call("setsockopt", result(0), SOL_RAW, IPV6_HDRINCL, at(0), 4),
    ],
    events: ["socket family=inet6 type=raw", "admin call=own-headers path=none"],
  },
  {
    does: "connections of the machine sent elsewhere, and bridges by an old request",
    calls: [
      must(call("socket", AF_INET, SOCK_DGRAM, 0)),
      call("setsockopt", result(0), SOL_IP, IP_VS_SO_SET_ADD, at(0), 4),
      call("ioctl", result(0), SIOCSIFBR, at(0)),
    ],
    events: ["socket family=inet", "admin call=netfilter path=none", "admin call=bridge path=none"],
  },
  {
    does: "routes of packets",
    calls: [
      must(call("socket", AF_INET, SOCK_DGRAM, 0)),
      call("setsockopt", result(0), SOL_IP, IP_OPTIONS, UNMAPPED, 8),
    ],
    events: ["socket family=inet", "admin call=source-route path=none"],
  },
  {
    does: "extents of a file, exchanged for those of another",
    by: "user",
    calls: [
      must(call("open", "file", 0)),
      call("ioctl", result(0), EXT4_IOC_MOVE_EXT, UNMAPPED),
      call("ioctl", result(0), EXT4_IOC_SWAP_BOOT, 0),
    ],
    events: ["open path=./file", "admin call=move-extents path=./file", "admin call=swap-boot path=./file"],
  },
  {
    does: "extents of a file, moved into another",
    calls: [must(call("open", "file", 0)), call("ioctl", result(0), F2FS_IOC_MOVE_RANGE, UNMAPPED)],
    events: ["open path=./file", "admin call=move-extents path=./file"],
  },
  {
    does: "names that a request to a file system makes and removes",
    calls: [
      must(call("open", "dir", 0)),
      call("ioctl", result(0), BCH_IOCTL_SUBVOLUME_CREATE, UNMAPPED),
      call("ioctl", result(0), BCH_IOCTL_SUBVOLUME_DESTROY_V2, UNMAPPED),
      call("ioctl", result(0), OCFS2_IOC_REFLINK, UNMAPPED),
    ],
    events: [
      "open path=./dir",
      "admin call=subvolume-create path=./dir",
      "admin call=subvolume-remove path=./dir",
      "admin call=reference path=./dir",
    ],
  },
  {
    does: "a file system as a whole",
    by: "user",
    calls: [must(call("open", "dir", 0)), call("ioctl", result(0), FIFREEZE, 0), call("ioctl", 99, FIFREEZE, 0)],
    events: ["open path=./dir", "admin call=freeze path=./dir"],
  },
  {
    does: "pages taken out of use",
    by: "user",
    calls: [
      call("madvise", at(0), 4096, MADV_SOFT_OFFLINE),
      call("madvise", at(0), 4096, MADV_WILLNEED),
      call("process_madvise", PIDFD_SELF, at(0), 0, MADV_SOFT_OFFLINE, 0),
    ],
    events: ["admin call=madvise path=none", "admin call=process_madvise path=none"],
  },
  {
    does: "unknown calls",
    calls: [callNumber(400), callNumber(LAST_KNOWN + 1), callNumber(X32_EXECVE, "true", 0, 0)],
    events: [
      "abi arch=x86-64 number=400",
      `abi arch=x86-64 number=${LAST_KNOWN + 1}`,
      `abi arch=x86-64 number=${X32_EXECVE}`,
    ],
    told: `400: errno ${ENOSYS}\n${LAST_KNOWN + 1}: errno ${ENOSYS}\n${X32_EXECVE}: errno ${ENOSYS}\nexit 0\n`,
  },
  { does: "userfaultfd", calls: [call("userfaultfd", 1)], events: ["userfaultfd"] },
  {
    does: "userfaultfd for the kernel's faults",
    by: "root",
    calls: [call("userfaultfd", 0)],
    events: ["userfaultfd"],
    told: "323: errno 1\nexit 0\n",
  },
  {
    does: "swap",
    calls: [call("swapon", "file", 0), call("swapoff", "file"), call("swapon", "none", 0)],
    events: ["swap call=swapon path=./file", "swap call=swapoff path=./file", "swap call=swapon path=?unresolved"],
  },
  {
    does: "reboot",
    calls: [call("reboot", WRONG_MAGIC, WRONG_MAGIC, 0, 0), call("reboot", WRONG_MAGIC, WRONG_MAGIC, 99, 0)],
    events: ["reboot command=cad-off", "reboot command=unknown"],
  },
  {
    does: "names of the machine",
    by: "root",
    calls: [must(call("unshare", CLONE_NEWUTS)), call("sethostname", "x", 1), call("setdomainname", "x", 1)],
    events: ["namespace kinds=uts", "hostname call=sethostname", "hostname call=setdomainname"],
  },
  {
    does: "names of the machine without the right",
    by: "user",
    calls: [call("sethostname", "x", 1)],
    events: ["hostname call=sethostname"],
  },
  {
    does: "time",
    calls: [
      call("settimeofday", UNMAPPED, 0),
      call("clock_settime", CLOCK_MONOTONIC, struct([8, 0], [8, 0])),
      timex(0x8000),
      call("adjtimex", at(0)),
      call("clock_adjtime", CLOCK_MONOTONIC, at(0)),
      timex(0),
      call("adjtimex", at(0)),
      call("adjtimex", UNMAPPED),
    ],
    events: [
      "settime call=settimeofday",
      "settime call=clock_settime",
      "settime call=adjtimex",
      "settime call=clock_adjtime",
    ],
  },
  {
    does: "ports",
    calls: [call("ioperm", 0x80, 1, 0), call("iopl", 0)],
    events: ["ioport call=ioperm", "ioport call=iopl"],
  },
  {
    does: "io uring",
    calls: [
      call("io_uring_setup", 1, Buffer.alloc(120)),
      call("io_uring_enter", 99, 0, 0, 0, 0),
      call("io_uring_register", 99, 0, 0, 0),
    ],
    events: ["iouring"],
    told: `425: errno ${ENOSYS}\n426: errno ${ENOSYS}\n427: errno ${ENOSYS}\nexit 0\n`,
  },
  {
    does: "calls of other interfaces",
    calls: [interrupt(5, "file", 0, 0), interrupt(20), callNumber(X32 + 39), callNumber(X32 + 2, "file", 0, 0)],
    events: ["abi arch=i386 number=5", "abi arch=i386 number=20", "abi arch=x32 number=39", "abi arch=x32 number=2"],
    told: `5: errno ${ENOSYS}\n20: errno ${ENOSYS}\n${X32 + 39}: errno ${ENOSYS}\n${X32 + 2}: errno ${ENOSYS}\nexit 0\n`,
  },
];
