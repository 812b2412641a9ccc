/**
 * What reaches into the kernel itself. Every call here is one that fails, or changes nothing but the process itself: wrong
 * magic numbers, files that are none, times that are no time.
 */
import type { Case } from "../case.ts";
import { at, call, callNumber, interrupt, must, poke, result, type Script, struct, UNMAPPED } from "../script.ts";

const CLONE_NEWUTS = 0x400_0000;
const NO_SUCH_FLAGS = 0xff;
const WRONG_MAGIC = 0;
const CLOCK_MONOTONIC = 1;
const X32 = 0x4000_0000;
const ENOSYS = 38;
/** `adjtimex` refuses ADJ_ADJTIME without ADJ_OFFSET_SINGLESHOT before it looks at anything else. */
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
    does: "what only administrators may",
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
  { does: "userfaultfd", calls: [call("userfaultfd", 1)], events: ["userfaultfd"] },
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
