/** Requests about descriptors that reach beyond them, and changes of how another process runs. */
import type { Case } from "../case.ts";
import {
  at,
  call,
  GROUP,
  HOLD,
  int,
  inThread,
  must,
  PARENT,
  poke,
  put,
  result,
  SELF,
  spawned,
  struct,
  THREAD,
  UNMAPPED,
} from "../script.ts";

const O_RDWR = 2;
const AF_UNIX = 1;
const STREAM = 1;
const SOL_SOCKET = 1;
const SO_PASSPIDFD = 76;
const SO_PEERPIDFD = 77;
const TIOCSTI = 0x5412;
const TIOCGWINSZ = 0x5413;
const TIOCSETD = 0x5423;
const TIOCSCTTY = 0x540e;
const TIOCVHANGUP = 0x5437;
const TCXONC = 0x540a;
const TCOOFF = 0;
const TCOON = 1;
const FS_IOC_GETFLAGS = 0x8008_6601;
const FS_IOC_SETFLAGS = 0x4008_6602;
const FAT_IOCTL_SET_ATTRIBUTES = 0x4004_7211;
const BTRFS_IOC_SUBVOL_SETFLAGS = 0x4008_941a;
const FS_IOC_SETVERSION = 0x4008_7602;
const FIOSETOWN = 0x8901;
const FIOASYNC = 0x5452;
const O_ASYNC = 0o20000;
const F_GETFD = 1;
const F_SETFL = 4;
const F_SETOWN = 8;
const F_SETOWN_EX = 15;
const F_SETLEASE = 1024;
const F_SETDELEG = 1040;
const F_RDLCK = 0;
const F_UNLCK = 2;
const EBADF = 9;
const EINVAL = 22;
const F_OWNER_TID = 0;
const F_OWNER_PGRP = 2;
const RLIMIT_CORE = 4;
const PRIO_PROCESS = 0;
const PRIO_PGRP = 1;
const IOPRIO_WHO_PROCESS = 1;
const NO_SUCH_PROCESS = 4_000_000;

const child = spawned(HOLD);
const socket = must(call("socket", AF_UNIX, STREAM, 0));
const madeSocket = "socket family=unix";
/** `struct rlimit64 { u64 cur, max }` */
const noCore = [...put(0, 8, 0), ...put(8, 8, 0)];
const ownGroup = must(call("setpgid", 0, 0));

export const requests: readonly Case[] = [
  {
    does: "the process at the other end of a socket",
    calls: [
      must(call("socketpair", AF_UNIX, STREAM, 0, at(0))),
      ...[4, 8, 2, 0, -1].flatMap((room) => [
        put(16, 8, 0),
        put(32, 4, room),
        call("getsockopt", int(0), SOL_SOCKET, SO_PEERPIDFD, at(16), at(32)),
        call("fcntl", int(16), F_GETFD),
        call("lseek", 0, int(32), 0),
      ]),
      call("getsockopt", int(0), SOL_SOCKET, SO_PEERPIDFD, UNMAPPED, at(32)),
      call("getsockopt", int(0), SOL_SOCKET, SO_PEERPIDFD, at(16), UNMAPPED),
      call("getsockopt", 99, SOL_SOCKET, SO_PEERPIDFD, at(16), at(32)),
      must(call("open", "file", 0)),
      put(32, 4, 4),
      call("getsockopt", 3, SOL_SOCKET, SO_PEERPIDFD, at(16), at(32)),
    ],
    events: [madeSocket, "open access=read path=./file"],
  },
  {
    does: "the processes that send to a socket",
    calls: [
      must(call("socketpair", AF_UNIX, STREAM, 0, at(0))),
      put(16, 4, 1),
      call("setsockopt", int(0), SOL_SOCKET, SO_PASSPIDFD, at(16), 4),
    ],
    events: [madeSocket, "getfd relation=everyone"],
    told: "53: ok\n54: errno 92\nexit 0\n",
  },
  {
    does: "typing into a terminal",
    calls: [
      must(call("open", "/dev/ptmx", O_RDWR)),
      call("ioctl", result(0), TIOCSTI, "x"),
      call("ioctl", result(0), TIOCSETD, at(0)),
      call("ioctl", result(0), TIOCGWINSZ, at(0)),
    ],
    events: ["open access=read,write", "ioctl request=type", "ioctl request=discipline"],
  },
  {
    does: "a terminal taken from its session, or hung up",
    by: "root",
    calls: [
      must(call("open", "/dev/ptmx", O_RDWR)),
      call("ioctl", result(0), TIOCSCTTY, 0),
      call("ioctl", result(0), TIOCSCTTY, 1),
      call("ioctl", result(0), TIOCVHANGUP, 0),
    ],
    events: ["open access=read,write", "ioctl request=take-over", "ioctl request=hang-up"],
  },
  {
    does: "signals of a terminal, by fcntl and by ioctl",
    calls: [
      must(call("open", "/dev/ptmx", O_RDWR)),
      call("fcntl", result(0), F_SETFL, O_ASYNC),
      call("fcntl", result(0), F_SETFL, 0),
      put(0, 4, 1),
      call("ioctl", result(0), FIOASYNC, at(0)),
    ],
    events: ["open access=read,write", "ioctl request=signals"],
  },
  {
    does: "signals of what is no terminal",
    calls: [
      socket,
      put(0, 4, 1),
      call("fcntl", result(0), F_SETFL, O_ASYNC),
      call("ioctl", result(0), FIOASYNC, at(0)),
    ],
    events: [madeSocket],
  },
  {
    does: "output of a terminal, stopped and started",
    calls: [
      must(call("open", "/dev/ptmx", O_RDWR)),
      call("ioctl", result(0), TCXONC, TCOON),
      call("ioctl", result(0), TCXONC, TCOOFF),
    ],
    events: ["open access=read,write", "ioctl request=stop-output"],
  },
  {
    does: "a terminal without a session, by who can take none",
    by: "user",
    calls: [
      must(call("open", "/dev/ptmx", O_RDWR)),
      call("ioctl", result(0), TIOCSCTTY, 1),
      call("ioctl", result(0), TIOCVHANGUP, 0),
    ],
    events: ["open access=read,write", "ioctl request=hang-up"],
  },
  {
    does: "typing into another file",
    calls: [must(call("open", "file", 0)), call("ioctl", result(0), TIOCSTI, "x"), call("ioctl", 99, TIOCSTI, "x")],
    events: ["open path=./file"],
  },
  {
    does: "flags of a file",
    calls: [
      must(call("open", "file", 0)),
      call("ioctl", result(0), FS_IOC_GETFLAGS, at(0)),
      call("ioctl", result(0), FS_IOC_SETFLAGS, at(0)),
      call("file_setattr", -100, "other", at(64), 24, 0),
    ],
    events: ["open path=./file", "setflags path=./file mode=0100644", "setflags path=./other"],
  },
  {
    does: "the generation of a file",
    calls: [must(call("open", "file", 0)), call("ioctl", result(0), FS_IOC_SETVERSION, UNMAPPED)],
    events: ["open path=./file", "setflags path=./file mode=0100644"],
  },
  {
    does: "attributes of a file of FAT, flags of a subvolume",
    calls: [
      must(call("open", "file", 0)),
      call("ioctl", result(0), FAT_IOCTL_SET_ATTRIBUTES, at(0)),
      must(call("open", "other", 0)),
      call("ioctl", result(2), BTRFS_IOC_SUBVOL_SETFLAGS, at(0)),
    ],
    events: ["open path=./file", "setflags path=./file mode=0100644", "open path=./other", "setflags path=./other"],
  },
  {
    does: "signals of a descriptor for others",
    calls: [
      socket,
      child,
      call("fcntl", result(0), F_SETOWN, result(1)),
      put(0, 4, PARENT),
      call("ioctl", result(0), FIOSETOWN, at(0)),
      ownGroup,
      put(0, 4, F_OWNER_PGRP),
      put(4, 4, GROUP),
      call("fcntl", result(0), F_SETOWN_EX, at(0)),
    ],
    events: [madeSocket, "sigio relation=child target=*", "sigio relation=parent target=*", "sigio relation=own-group"],
  },
  {
    does: "signals of a descriptor for itself or no process",
    calls: [
      socket,
      call("fcntl", result(0), F_SETOWN, SELF),
      call("fcntl", result(0), F_SETOWN, 0),
      call("fcntl", result(0), F_SETOWN, NO_SUCH_PROCESS),
      call("fcntl", result(0), F_GETFD),
      put(0, 4, F_OWNER_TID),
      put(4, 4, THREAD),
      call("fcntl", result(0), F_SETOWN_EX, at(0)),
      poke(0, struct([4, 77], [4, 1])),
      call("fcntl", result(0), F_SETOWN_EX, at(0)),
    ],
    events: [madeSocket],
  },
  {
    does: "leases, and delegations, which no task gets",
    calls: [
      must(call("open", "file", 0)),
      call("fcntl", result(0), F_SETLEASE, F_RDLCK),
      call("fcntl", result(0), F_SETLEASE, F_UNLCK),
      // struct delegation { u32 flags; u16 type; u16 pad }: what it would be for reading.
      poke(0, struct([4, 0], [2, F_RDLCK], [2, 0])),
      call("fcntl", result(0), F_SETDELEG, at(0)),
      call("fcntl", 99, F_SETDELEG, at(0)),
    ],
    events: ["open access=read path=./file"],
    told: `2: ok\n72: ok\n72: ok\n72: errno ${EINVAL}\n72: errno ${EBADF}\nexit 0\n`,
  },
  {
    does: "limits of other processes",
    calls: [
      child,
      ...[noCore],
      call("prlimit64", result(0), RLIMIT_CORE, at(0), 0),
      call("prlimit64", result(0), RLIMIT_CORE, 0, at(64)),
      call("prlimit64", SELF, RLIMIT_CORE, at(0), 0),
      call("prlimit64", 0, RLIMIT_CORE, at(0), 0),
      call("prlimit64", NO_SUCH_PROCESS, RLIMIT_CORE, at(0), 0),
    ],
    events: ["adjust call=prlimit64 relation=child target=*"],
  },
  {
    does: "scheduling of other processes",
    calls: [
      child,
      put(0, 8, 1),
      call("sched_setaffinity", result(0), 8, at(0)),
      call("setpriority", PRIO_PROCESS, result(0), 1),
      call("ioprio_set", IOPRIO_WHO_PROCESS, result(0), 0),
      ownGroup,
      call("setpriority", PRIO_PGRP, 0, 0),
    ],
    events: [
      "adjust call=sched_setaffinity relation=child target=*",
      "adjust call=setpriority relation=child target=*",
      "adjust call=ioprio_set relation=child target=*",
      "adjust call=setpriority relation=own-group",
    ],
  },
  {
    does: "scheduling of itself",
    calls: [
      put(0, 8, 1),
      inThread(call("sched_setaffinity", THREAD, 8, at(0)), call("setpriority", PRIO_PROCESS, THREAD, 0)),
      call("setpriority", PRIO_PROCESS, 0, 0),
    ],
    events: [],
  },
];
