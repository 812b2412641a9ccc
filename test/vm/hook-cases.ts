/**
 * Cases that only a virtual machine runs: calls of other ABIs, by the hooks they reach, and calls that change the machine,
 * which the ordinary cases make only in a form that fails.
 */
import type { Case } from "../sensor/case.ts";
import {
  at,
  call,
  HOLD,
  inChild,
  interrupt,
  link,
  must,
  poke,
  put,
  result,
  spawned,
  struct,
} from "../sensor/script.ts";

const NOBODY = 65534;
const KEXEC_FILE_NO_INITRAMFS = 4;
const ADJ_FREQUENCY = 2;
const READ_IMPLIES_EXEC = 0x40_0000;
const PROT_READ = 1;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MADV_COLD = 20;
/** `QCMD(Q_SYNC, USRQUOTA)` */
const SYNC_QUOTAS = 0x8000_0100;
const SYSLOG_ACTION_CLEAR = 5;
/** An access control list without entries (linux/posix_acl_xattr.h). */
const NO_ENTRIES = struct([4, 2]);
const ACL = "system.posix_acl_access";
const timex = poke(0, Buffer.concat([struct([4, ADJ_FREQUENCY]), Buffer.alloc(252)]));
/** `struct perf_event_attr`: a software event that counts nothing. */
const counter = Buffer.concat([struct([4, 1], [4, 112], [8, 9]), Buffer.alloc(96)]);

/** open, truncate, unlink, rename, chmod, utimes, unshare, socket, ptrace (arch/x86/entry/syscalls/syscall_32.tbl). */
const by32Bits = [5, 92, 10, 38, 15, 271, 310, 359, 26];
const UNSHARE_UTS = 0x400_0000;

export const hookCases: readonly Case[] = [
  {
    does: "calls of 32 bits",
    calls: [
      poke(0, Buffer.from("file\0")),
      poke(64, Buffer.from("other\0")),
      interrupt(5, at(0), 0, 0),
      interrupt(92, at(0), 0),
      interrupt(10, at(0)),
      interrupt(38, at(0), at(64)),
      interrupt(15, at(0), 0o777),
      interrupt(271, at(0), 0),
      interrupt(310, UNSHARE_UTS),
      interrupt(359, 1, 1, 0),
      interrupt(26, 0, 0, 0, 0),
    ],
    events: by32Bits.map((number) => `abi arch=i386 number=${number}`),
    told: `${by32Bits.map((number) => `${number}: errno 1\n`).join("")}exit 0\n`,
  },
  {
    does: "invalid modules and kernels",
    calls: [
      call("init_module", Buffer.alloc(128), 128, ""),
      must(call("open", "file", 0)),
      call("finit_module", result(1), "", 0),
      call("kexec_file_load", result(1), -1, 0, 0, KEXEC_FILE_NO_INITRAMFS),
    ],
    events: [
      "module call=init_module path=none",
      "open path=./file",
      "module call=finit_module path=./file digest=*",
      "kexec call=kexec_file_load",
    ],
  },
  {
    does: "clocks",
    calls: [
      call("settimeofday", 0, struct([4, 0], [4, 0])),
      timex,
      call("adjtimex", at(0)),
      timex,
      call("clock_adjtime", 0, at(0)),
    ],
    events: ["settime call=settimeofday", "settime call=adjtimex", "settime call=clock_adjtime"],
  },
  {
    does: "counters and ports",
    calls: [call("perf_event_open", counter, 0, -1, -1, 0), call("ioperm", 0x80, 1, 1), call("iopl", 3)],
    events: ["perf type=software", "ioport call=ioperm", "ioport call=iopl"],
  },
  {
    does: "counters of others",
    calls: [
      spawned(HOLD),
      call("perf_event_open", counter, result(0), -1, -1, 0),
      call("perf_event_open", counter, -1, 0, -1, 0),
    ],
    events: ["perf type=software relation=child", "perf type=software relation=everyone"],
  },
  {
    does: "administration",
    calls: [
      call("acct", "file"),
      call("acct", 0),
      call("quotactl", SYNC_QUOTAS, 0, 0, 0),
      call("syslog", SYSLOG_ACTION_CLEAR, 0, 0),
      // In its own session, which has no terminal.
      inChild(must(call("setsid")), call("vhangup")),
    ],
    events: [
      "admin call=acct path=./file",
      "admin call=acct path=none",
      "admin call=quotactl path=none",
      "admin call=syslog path=none",
      "admin call=vhangup path=none",
    ],
  },
  {
    does: "ids for files",
    calls: [call("setfsgid", NOBODY), call("setfsuid", NOBODY)],
    events: ["setid call=setfsgid ids=65534", "setid call=setfsuid ids=65534"],
  },
  {
    does: "memory that is executable without being asked for",
    calls: [
      must(call("personality", READ_IMPLIES_EXEC)),
      call("mmap", 0, 4096, PROT_READ, MAP_PRIVATE_ANONYMOUS, -1, 0),
      must(call("shmget", 0, 4096, 0o1700)),
      ...[call("shmat", result(2), 0, 0), call("shmctl", result(2), 0, 0)],
    ],
    events: ["map-anonymous access=execute", "map-anonymous access=shared,execute"],
  },
  {
    does: "memory of others moved and released",
    calls: [
      spawned(HOLD),
      must(call("pidfd_open", result(0), 0)),
      ...[link(0, at(512)), put(8, 8, 4096)],
      call("process_madvise", result(1), at(0), 1, MADV_COLD, 0),
      call("move_pages", result(0), 0, 0, 0, 0, 0),
    ],
    events: ["adjust call=process_madvise relation=child target=*", "adjust call=move_pages relation=child target=*"],
  },
  {
    does: "access control lists",
    calls: [call("setxattr", "file", ACL, NO_ENTRIES, 4, 0), call("removexattr", "file", ACL)],
    events: [`setxattr path=./file name=${ACL}`, `removexattr path=./file name=${ACL}`],
  },
  {
    does: "a grandchild whose parent is gone, in a session of its own",
    calls: [inChild(call("setsid"), inChild(call("open", "file", 0)))],
    events: ["open path=./file"],
  },
];
