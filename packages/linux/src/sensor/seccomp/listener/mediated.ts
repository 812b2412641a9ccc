/**
 * The mediated system calls, and the condition on their arguments.
 *
 * A condition keeps the common, harmless form of a call free of cost (a plain `mmap`, a `sendto` on a connected socket). It may
 * only test register values: memory behind a pointer can be changed by the task.
 */
import {
  emptyingRequests,
  fcntlCommands,
  fileSystemRequests,
  flagRequests,
  networkRequests,
  ownerRequests,
  peerPidfd,
  SOL_SOCKET,
  socketOptions,
  poisoningAdvice,
  prctlOptions,
  rewritingRequests,
  spaceRequests,
  terminalRequests,
  USERFAULTFD_IOC_NEW,
} from "../../words/requests.ts";
import { type Syscall, syscallNumbers } from "../../../abi/syscalls.ts";

/** When a call is mediated: always, or if an argument (low 32 bits) has one of these bits or is one of these values. */
export type Condition =
  | { readonly when: "always" }
  | { readonly when: "any-bit"; readonly argument: number; readonly mask: number }
  | { readonly when: "one-of"; readonly argument: number; readonly values: readonly number[] }
  | { readonly when: "one-of-each"; readonly argument: number; readonly values: ReadonlyMap<number, readonly number[]> }
  | { readonly when: "not-zero"; readonly argument: number }
  | { readonly when: "not-one-of"; readonly argument: number; readonly values: readonly number[] };

/** `syslog` actions with an effect: clear, change what the console shows (linux/syslog.h); the others read or return sizes. */
const SYSLOG_CHANGES = [4, 5, 6, 7, 8];

/** Removing marks (linux/fanotify.h) only reduces the events of the group. */
const FAN_MARK_ADD = 1;

const always: Condition = { when: "always" };
const PROT_EXEC = 4;
/** linux/falloc.h: space is allocated, without another effect. */
const FALLOC_FL_KEEP_SIZE = 1;
/** linux/fs.h, since 6.9 */
const RWF_NOAPPEND = 0x20;
const SHM_EXEC = 0o100000;

const conditional: Partial<Record<Syscall, Condition>> = {
  mmap: { when: "any-bit", argument: 2, mask: PROT_EXEC },
  mprotect: { when: "any-bit", argument: 2, mask: PROT_EXEC },
  pkey_mprotect: { when: "any-bit", argument: 2, mask: PROT_EXEC },
  shmat: { when: "any-bit", argument: 2, mask: SHM_EXEC },
  sendto: { when: "not-zero", argument: 4 },
  prctl: { when: "one-of", argument: 0, values: Object.keys(prctlOptions).map(Number) },
  fallocate: { when: "any-bit", argument: 1, mask: ~FALLOC_FL_KEEP_SIZE },
  pwritev2: { when: "any-bit", argument: 5, mask: RWF_NOAPPEND },
  personality: { when: "not-one-of", argument: 0, values: [0, 0xffff_ffff] },
  kill: { when: "not-zero", argument: 1 },
  tkill: { when: "not-zero", argument: 1 },
  tgkill: { when: "not-zero", argument: 2 },
  ioctl: {
    when: "one-of",
    argument: 1,
    values: [
      ...[terminalRequests, networkRequests, fileSystemRequests].flatMap((words) => Object.keys(words).map(Number)),
      ...[flagRequests, ownerRequests, spaceRequests, emptyingRequests, rewritingRequests].flat(),
      USERFAULTFD_IOC_NEW,
    ],
  },
  setsockopt: { when: "one-of-each", argument: 1, values: socketOptions },
  getsockopt: { when: "one-of-each", argument: 1, values: new Map([[SOL_SOCKET, [peerPidfd]]]) },
  madvise: { when: "one-of", argument: 2, values: poisoningAdvice },
  fanotify_mark: { when: "any-bit", argument: 1, mask: FAN_MARK_ADD },
  fcntl: { when: "one-of", argument: 1, values: Object.values(fcntlCommands) },
  prlimit64: { when: "not-zero", argument: 0 },
  setpgid: { when: "not-zero", argument: 1 },
  sched_setparam: { when: "not-zero", argument: 0 },
  sched_setscheduler: { when: "not-zero", argument: 0 },
  sched_setattr: { when: "not-zero", argument: 0 },
  sched_setaffinity: { when: "not-zero", argument: 0 },
  migrate_pages: { when: "not-zero", argument: 0 },
  move_pages: { when: "not-zero", argument: 0 },
  syslog: { when: "one-of", argument: 0, values: SYSLOG_CHANGES },
};

/** Every mediated call with its condition, by number. */
export const mediatedCalls: ReadonlyMap<number, Condition> = new Map(
  Object.entries(syscallNumbers)
    .map(([name, number]): [number, Condition] => [number, conditional[name as Syscall] ?? always])
    .sort(([a], [b]) => a - b),
);
