/** Acts of one process on another. */
import type { Case } from "../case.ts";
import {
  at,
  call,
  execution,
  GROUP,
  HOLD,
  inChild,
  inClone,
  inLooseThread,
  inThread,
  inVfork,
  left,
  link,
  must,
  nap,
  PARENT,
  poke,
  put,
  result,
  type Script,
  SELF,
  spawned,
  struct,
  THREAD,
} from "../script.ts";

/** Ignored by default, so that a process that gets it by mistake is not harmed. */
const SIGURG = 23;
const SIGUSR1 = 10;
const NO_SUCH_PROCESS = 4_000_000;
const CLONE_NEWPID = 0x2000_0000;
const CLONE_PARENT = 0x8000;
const PIDFD_SELF = -10_000;
const PIDFD_SIGNAL_PROCESS_GROUP = 4;

const child = spawned(HOLD);
const reported = "signal=23 relation";
/** A `siginfo_t` that may be sent to another process: si_code SI_QUEUE. */
const info = struct([4, SIGURG], [4, 0], [4, -1]);
const siginfo: Script = poke(2048, Buffer.concat([info, Buffer.alloc(116)]));
/** `iovec`s for 8 bytes here and in the other process. */
const vectors: Script = [...link(0, at(512)), ...put(8, 8, 8), ...link(16, at(520)), ...put(24, 8, 8)];
const ownGroup = must(call("setpgid", 0, 0));

export const processes: readonly Case[] = [
  {
    does: "kill of a child",
    calls: [child, call("kill", result(0), SIGUSR1)],
    events: ["kill signal=10 relation=child target=*"],
  },
  {
    does: "kill of the parent",
    calls: [inChild(call("kill", PARENT, SIGURG))],
    events: [`kill ${reported}=parent target=*`],
  },
  {
    does: "kill of a sibling",
    calls: [child, inChild(call("kill", result(0), SIGURG))],
    events: [`kill ${reported}=namespace target=*`],
  },
  {
    does: "kill of itself",
    calls: [
      call("kill", SELF, SIGURG),
      call("tgkill", SELF, THREAD, SIGURG),
      call("tkill", THREAD, SIGURG),
      inThread(call("kill", SELF, SIGURG), call("tkill", THREAD, SIGURG)),
      call("pidfd_send_signal", PIDFD_SELF, SIGURG, 0, 0),
    ],
    events: [],
  },
  { does: "kill of its group", calls: [ownGroup, call("kill", 0, SIGURG)], events: [`kill ${reported}=own-group`] },
  {
    does: "kill of its group by number",
    calls: [ownGroup, call("getpid"), inChild(call("kill", 0, SIGURG))],
    events: [`kill ${reported}=own-group`],
  },
  {
    does: "coming into a group inside, a group of its own, and none",
    calls: [
      child,
      must(call("setpgid", result(0), result(0))),
      inChild(must(call("setpgid", 0, result(0))), call("setpgid", 0, 0)),
      call("setpgid", 0, NO_SUCH_PROCESS),
      call("setpgid", 0, -1),
    ],
    events: [],
  },
  {
    does: "kill of no process",
    calls: [
      call("kill", NO_SUCH_PROCESS, SIGURG),
      call("tgkill", NO_SUCH_PROCESS, NO_SUCH_PROCESS, SIGURG),
      call("tkill", -1, SIGURG),
      call("tgkill", -1, THREAD, SIGURG),
      call("kill", PARENT, 65),
    ],
    events: [],
  },
  { does: "kill of no process with signal 0", calls: [call("kill", SELF, 0), call("kill", PARENT, 0)], events: [] },
  {
    does: "signals with a value",
    calls: [
      child,
      siginfo,
      call("rt_sigqueueinfo", result(0), SIGURG, at(2048)),
      call("rt_tgsigqueueinfo", result(0), result(0), SIGURG, at(2048)),
      call("tgkill", result(0), result(0), SIGUSR1),
      call("tkill", result(0), SIGURG),
    ],
    events: [`kill ${reported}=child`, "kill signal=10 relation=child"],
  },
  {
    does: "signal by descriptor",
    calls: [
      child,
      must(call("pidfd_open", result(0), 0)),
      call("pidfd_send_signal", result(1), SIGURG, 0, 0),
      call("pidfd_send_signal", 99, SIGURG, 0, 0),
    ],
    events: [`kill ${reported}=child target=*`],
  },
  {
    does: "signal by the directory of a process",
    calls: [must(call("open", "/proc/self", 0)), inChild(call("pidfd_send_signal", result(0), SIGURG, 0, 0))],
    events: ["open path=/proc/$self", `kill ${reported}=parent target=*`],
  },
  {
    does: "a file of a process by itself, then by its child",
    calls: [
      must(call("open", "/proc/self", 0)),
      call("openat", result(0), "status", 0),
      inChild(call("openat", result(0), "status", 0)),
    ],
    events: ["open path=/proc/$self", "open path=/proc/$self/status", "open path=/proc/$task/status"],
  },
  {
    does: "signal to a group by descriptor",
    calls: [
      ownGroup,
      must(call("pidfd_open", SELF, 0)),
      call("pidfd_send_signal", result(1), SIGURG, 0, PIDFD_SIGNAL_PROCESS_GROUP),
    ],
    events: [`kill ${reported}=own-group`],
  },
  {
    does: "signals in a pid namespace",
    by: "root",
    calls: [
      inClone(
        CLONE_NEWPID,
        call("kill", SELF, SIGURG),
        child,
        call("kill", result(1), SIGURG),
        call("kill", 0, SIGURG),
        call("kill", -1, SIGURG),
        must(call("pidfd_open", result(1), 0)),
        call("pidfd_send_signal", result(5), SIGUSR1, 0, 0),
      ),
    ],
    events: [
      "namespace call=clone kinds=pid",
      `kill ${reported}=child target=*`,
      `kill ${reported}=own-group`,
      `kill ${reported}=everyone`,
      "kill signal=10 relation=child target=*",
    ],
  },
  {
    does: "ptrace attach",
    calls: [child, call("ptrace", 16, result(0), 0, 0)],
    events: ["ptrace request=attach relation=child target=*"],
  },
  {
    does: "ptrace seize",
    calls: [child, call("ptrace", 0x4206, result(0), 0, 0)],
    events: ["ptrace request=seize relation=child target=*"],
  },
  {
    does: "ptrace traceme",
    calls: [inChild(call("ptrace", 0, 0, 0, 0))],
    events: ["ptrace request=traceme relation=parent target=*"],
  },
  {
    does: "ptrace of no process",
    calls: [call("ptrace", 16, NO_SUCH_PROCESS, 0, 0), call("ptrace", 16, SELF, 0, 0), call("ptrace", 24, SELF, 0, 0)],
    events: [],
  },
  {
    does: "memory of another read",
    calls: [child, vectors, call("process_vm_readv", result(0), at(0), 1, at(16), 1, 0)],
    events: ["vm access=read relation=child target=*"],
  },
  {
    does: "memory of another written",
    calls: [child, vectors, call("process_vm_writev", result(0), at(0), 1, at(16), 1, 0)],
    events: ["vm access=write relation=child target=*"],
  },
  {
    does: "memory of itself and of no process",
    calls: [
      vectors,
      call("process_vm_writev", SELF, at(0), 1, at(16), 1, 0),
      call("process_vm_readv", NO_SUCH_PROCESS, at(0), 1, at(16), 1, 0),
    ],
    events: [],
  },
  {
    does: "descriptor of another",
    calls: [
      child,
      must(call("pidfd_open", result(0), 0)),
      call("pidfd_getfd", result(1), 1, 0),
      call("pidfd_getfd", 99, 1, 0),
    ],
    events: ["getfd relation=child target=*"],
  },

  {
    does: "fork",
    calls: [inChild(call("open", "file", 0), inChild(call("open", "other", 0)))],
    events: ["open path=./file", "open path=./other"],
  },
  {
    does: "fork by the old call",
    calls: [call("fork"), call("open", "file", 0), call("wait4", -1, 0, 0, 0)],
    events: ["open path=./file"],
  },
  {
    does: "vfork and exec",
    calls: [inVfork(...execution("./true", call("open", "file", 0))), call("open", "other", 0)],
    events: ["exec path=./true", "true: open path=./file", "open path=./other"],
  },
  {
    does: "vfork",
    calls: [inVfork(call("open", "file", 0)), call("open", "other", 0)],
    events: ["open path=./file", "open path=./other"],
  },
  {
    does: "threads",
    calls: [inThread(call("open", "file", 0), inThread(call("open", "other", 0)))],
    events: ["open path=./file", "open path=./other"],
  },
  {
    does: "child that is made a sibling",
    calls: [inClone(CLONE_PARENT, call("open", "file", 0))],
    events: ["open path=./file"],
  },
  {
    does: "child of a parent that is gone",
    calls: [inChild(left(nap(100), call("open", "file", 0)))],
    events: ["open path=./file"],
  },
  {
    does: "thread that outlives the first",
    calls: [inLooseThread(nap(50), call("open", "file", 0), inChild(call("open", "other", 0))), call("exit", 0)],
    events: ["open path=./file", "open path=./other"],
  },
  { does: "group of its own", calls: [ownGroup, call("kill", GROUP, SIGURG)], events: [] },
];
