/**
 * Calls that concern the whole machine. The kernel refuses most of them to an ordinary user; a reviewer wants to know that they
 * were tried.
 */
import { at, call, interrupt, must, poke, result, struct } from "../../sensor/script.ts";
import { departure, succeeded } from "../baseline.ts";
import type { Deviation } from "../deviation.ts";

const learnt = "none of these calls is made";
const I386_GETPID = 20;
const USER_MODE_ONLY = 1;
/** linux/fanotify.h, and O_RDWR for the files that fanotify opens. */
const READ_AND_WRITE = 2;
const REPORT_FID = 0x200;
const ADD = 1;
const OPENED = 0x20;
const AT_FDCWD = -100;
const PERF_SOFTWARE = struct([4, 1], [4, 112]);

export const machine: readonly Deviation[] = [
  departure({ learnt, departs: "a BPF map is asked for", acts: ["bpf command=map-create"] }, call("bpf", 0, at(0), 72)),
  departure(
    { learnt, departs: "a kernel module is to be loaded", acts: ["module call=init_module"] },
    call("init_module", at(0), 0, ""),
  ),
  departure(
    { learnt, departs: "another kernel is to be loaded", acts: ["kexec call=kexec_load"] },
    call("kexec_load", 0, 0, 0, 0),
  ),
  departure(
    { learnt, departs: "the kernel's key store is used", acts: ["keyctl call=keyctl operation=get-keyring-id"] },
    call("keyctl", 0, -3, 0),
  ),
  departure(
    { learnt, departs: "a performance event is opened", acts: ["perf type=software"] },
    poke(0, PERF_SOFTWARE),
    call("perf_event_open", at(0), 0, -1, -1, 0),
  ),
  departure(
    {
      learnt,
      departs: "page faults are to be handled by the process",
      acts: ["userfaultfd"],
      happened: succeeded("userfaultfd"),
    },
    call("userfaultfd", USER_MODE_ONLY),
  ),
  departure(
    { learnt, departs: "a file is to be used for swapping", acts: ["swap call=swapon path=$CWD/data"] },
    call("swapon", "data", 0),
  ),
  departure(
    { learnt, departs: "a restart is asked for", acts: ["reboot command=restart"] },
    call("reboot", 0, 0, 0x0123_4567, 0),
  ),
  departure(
    { learnt, departs: "the machine is to be renamed", acts: ["hostname call=sethostname"] },
    call("sethostname", "x", 1),
  ),
  departure(
    { learnt, departs: "the clock is to be set", acts: ["settime call=settimeofday"] },
    call("settimeofday", at(0), 0),
  ),
  departure(
    { learnt, departs: "process accounting is to be turned on", acts: ["admin call=acct path=$CWD/data"] },
    call("acct", "data"),
  ),
  departure(
    {
      learnt,
      departs: "something is typed into a terminal",
      acts: ["open access=read,write path=/dev/ptmx", "ioctl request=type"],
    },
    must(call("open", "/dev/ptmx", 2)),
    call("ioctl", result(1), 0x5412, "x"),
  ),
  departure({ learnt, departs: "I/O ports are asked for", acts: ["ioport call=ioperm"] }, call("ioperm", 0, 1, 1)),
  departure(
    {
      learnt,
      departs: "io_uring is set up, whose submissions no filter sees",
      acts: ["iouring"],
      happened: succeeded("io_uring_setup"),
      always: "refused",
    },
    call("io_uring_setup", 1, at(0)),
  ),
  departure(
    {
      learnt,
      departs: "a system call of the 32-bit interface is made",
      acts: ["abi arch=i386 number=20"],
      happened: ({ stdout }) => stdout.includes("\n20: ok"),
      always: "refused",
    },
    interrupt(I386_GETPID),
  ),
  departure(
    {
      learnt,
      departs: "files that are opened are to be handed out",
      acts: ["fanotify group=notify access=read,write"],
    },
    call("fanotify_init", 0, READ_AND_WRITE),
  ),
  departure(
    {
      learnt,
      departs: "opens of a file are to be reported to it",
      acts: [
        "fanotify group=notify,report-fid access=none",
        "fanotify-mark group=notify,report-fid access=none scope=object events=open path=$CWD/data",
      ],
    },
    must(call("fanotify_init", REPORT_FID, 0)),
    call("fanotify_mark", result(1), ADD, OPENED, AT_FDCWD, "data"),
  ),
];
