/** Acts on other processes, and changes of a process's own credentials and namespaces. */
import {
  at,
  call,
  HOLD,
  inChild,
  inClone,
  link,
  must,
  nap,
  poke,
  put,
  result,
  spawned,
  struct,
} from "../../sensor/script.ts";
import { departure, SIGKILL, saidThen, SIGTERM, STREAM, succeeded, TRACEABLE, unixSocket } from "../baseline.ts";
import type { Aftermath, Deviation } from "../deviation.ts";

const PTRACE_SEIZE = 0x4206;
const PR_SET_KEEPCAPS = 8;
const CLONE_NEWUSER = 0x1000_0000;
const CLONE_NEWUTS = 0x0400_0000;
const MS_RDONLY = 1;

const killed = ({ place }: Aftermath) => !place.victimLives;
/** A child that waits, and that any process may trace. */
const sibling = [spawned(TRACEABLE, HOLD), nap(100)];
/** Two lists of one vector each: 8 bytes of scratch memory here, and the same in the other process. */
const vectors = [...link(0, at(256)), ...put(8, 8, 8), ...link(16, at(1024)), ...put(24, 8, 8)];

export const others: readonly Deviation[] = [
  departure(
    {
      learnt: "a child is told to end",
      departs: "it is killed",
      acts: ["kill signal=9 relation=child"],
      happened: succeeded("kill"),
    },
    spawned(HOLD),
    call("kill", result(1), SIGKILL),
  ),
  departure(
    {
      learnt: "a child is told to end",
      departs: "a process outside the namespace is told to end",
      acts: ["kill signal=15 relation=outside"],
      happened: killed,
    },
    (place) => call("kill", place.victim(), SIGTERM),
  ),
  departure(
    {
      learnt: "limits are left alone",
      departs: "a process outside the namespace gets no more processor time",
      acts: ["adjust call=prlimit64 relation=outside"],
      happened: succeeded("prlimit64"),
    },
    (place) => [...put(0, 8, 0), ...put(8, 8, 0), ...call("prlimit64", place.victim(), 0, at(0), 0)],
  ),
  departure(
    {
      learnt: "a socket is used",
      departs: "its signals are sent to a process outside the namespace",
      acts: ["sigio relation=outside"],
      happened: succeeded("fcntl"),
    },
    unixSocket(STREAM),
    (place) => call("fcntl", result(1), 8, place.victim()),
  ),
  departure(
    {
      learnt: "siblings are left alone",
      departs: "a sibling is traced",
      acts: ["ptrace request=seize"],
      happened: succeeded("ptrace"),
    },
    ...sibling,
    inChild(call("ptrace", PTRACE_SEIZE, result(1), 0, 0)),
  ),
  departure(
    {
      learnt: "siblings are left alone",
      departs: "the memory of a sibling is read",
      acts: ["vm access=read"],
      happened: succeeded("process_vm_readv"),
    },
    ...sibling,
    inChild(vectors, call("process_vm_readv", result(1), at(0), 1, at(16), 1, 0)),
  ),
  departure(
    {
      learnt: "siblings are left alone",
      departs: "the memory of a sibling is written",
      acts: ["vm access=write"],
      happened: succeeded("process_vm_writev"),
    },
    ...sibling,
    inChild(vectors, call("process_vm_writev", result(1), at(0), 1, at(16), 1, 0)),
  ),
  departure(
    {
      learnt: "siblings are left alone",
      departs: "a descriptor is taken out of a sibling",
      acts: ["getfd relation="],
      happened: succeeded("pidfd_getfd"),
    },
    ...sibling,
    inChild(must(call("pidfd_open", result(1), 0)), call("pidfd_getfd", result(2), 0, 0)),
  ),
];

export const privileges: readonly Deviation[] = [
  departure(
    {
      learnt: "ids stay as they are",
      departs: "they are changed to another user's",
      by: "root",
      acts: ["setid call=setresuid ids=1,1,1"],
      happened: succeeded("setresuid"),
    },
    call("setresuid", 1, 1, 1),
  ),
  departure(
    {
      learnt: "capabilities stay as they are",
      departs: "capabilities are set",
      acts: ["capset effective=0"],
      happened: succeeded("capset"),
    },
    poke(0, struct([4, 0x2008_0522], [4, 0])),
    call("capset", at(0), at(64)),
  ),
  departure(
    {
      learnt: "one option of prctl is used",
      departs: "another option is used, which keeps capabilities over a change of user",
      acts: ["prctl option=set-keepcaps"],
      happened: succeeded("prctl"),
    },
    call("prctl", PR_SET_KEEPCAPS, 1),
  ),
  departure(
    {
      learnt: "one namespace is enough",
      departs: "a user namespace of its own is made",
      acts: ["namespace call=unshare kinds=user"],
      happened: succeeded("unshare"),
    },
    call("unshare", CLONE_NEWUSER),
  ),
  departure(
    {
      learnt: "children are made",
      departs: "a child is made in a user namespace of its own",
      acts: ["namespace call=clone kinds=user"],
      happened: saidThen("exit 0"),
    },
    inClone(CLONE_NEWUSER),
  ),
  departure(
    {
      learnt: "one namespace is enough",
      departs: "another namespace is asked for",
      acts: ["namespace call=setns kinds=uts"],
    },
    call("setns", 99, CLONE_NEWUTS),
  ),
  departure(
    {
      learnt: "nothing is mounted",
      departs: "a temporary file system is mounted",
      by: "root",
      apart: true,
      acts: ["mount call=mount source=none path=$CWD/empty type=tmpfs"],
      happened: succeeded("mount"),
    },
    call("mount", "none", "empty", "tmpfs", MS_RDONLY, 0),
  ),
  departure(
    {
      learnt: "nothing is unmounted",
      departs: "`/proc` is",
      by: "root",
      apart: true,
      acts: ["umount path=/proc"],
      happened: succeeded("umount2"),
    },
    call("umount2", "/proc", 2),
  ),
  departure(
    {
      learnt: "the root directory stays",
      departs: "another root directory is entered",
      by: "root",
      acts: ["chroot path=$CWD/dir"],
      happened: succeeded("chroot"),
    },
    call("chroot", "dir"),
  ),
  departure(
    {
      learnt: "the root file system stays",
      departs: "another file system is to take its place",
      by: "root",
      apart: true,
      acts: ["pivot path=$CWD/dir"],
    },
    call("pivot_root", "dir", "dir"),
  ),
];
