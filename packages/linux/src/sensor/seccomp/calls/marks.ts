/**
 * fanotify: groups that get events about files, caused by any process of the machine, and that may get the files themselves or
 * decide whether the operation is permitted.
 */
import { readFileSync } from "node:fs";
import { EBADF, EINVAL } from "../../../abi/errno.ts";
import { AT_FDCWD, O_PATH } from "../../../abi/stat.ts";
import { readQuietly } from "../../files/reading.ts";
import { asksFirst, eventsIn, groupIn, handsOut, scopeOf } from "../../words/fanotify.ts";
import type { Context, Decoder } from "../context.ts";
import { type Act, refusedAnyway, type Verdict } from "../../mediation.ts";
import type { Found } from "../../files/found.ts";
import type { Thread } from "../tasks/process.ts";
import { CLOSED } from "./targets.ts";
import { withDescriptor, withObject } from "./objects.ts";

/** `fanotify_init(flags, event_f_flags)`. */
export const fanotifyInit: Decoder = (context, thread) => {
  const flags = context.call.u32(0);
  const act: Act = { op: "fanotify", subject: groupOf(flags, context.call.u32(1)) };
  // The supervisor opens files of its workload, so each of its opens would give the group a descriptor of it (before 5.15:
  // EINVAL).
  if ((flags & FAN_REPORT_PIDFD) !== 0) return context.decide(thread, refusedAnyway(act)) || EINVAL;
  return watching(context, context.decide(thread, act));
};

/** linux/fanotify.h */
const FAN_REPORT_PIDFD = 0x80;

/** A group gets the pid of the process that causes an event: that must be the task. */
function watching({ listener, performer }: Context, verdict: Verdict): Verdict {
  if (listener.goesAhead(verdict)) performer.leaveToTasks();
  return verdict;
}

interface Group {
  readonly group: string;
  readonly access: string;
}

const groupOf = (flags: number, opens: number): Group => ({ group: groupIn(flags), access: handsOut(flags, opens) });

const FAN_MARK_DONT_FOLLOW = 4;
const UNKNOWN = { mode: 0, uid: 0, gid: 0, fs: "?" };

/** `fanotify_mark(group, flags, mask, directory, path)`; without a path it applies to the descriptor itself. */
export const fanotifyMark: Decoder = (context, thread) => {
  const { call } = context;
  const group = groupBehind(thread, call.int(0));
  if (group === "closed") return context.notSeen(thread, CLOSED);
  if (typeof group === "number") return context.refuses(group);
  const flags = call.u32(1);
  const mark = { ...group, scope: scopeOf(flags), events: eventsIn(call.pointer(2)) };
  const unresolved = (path: string): Act => ({ op: "fanotify-mark", subject: { ...mark, path, ...UNKNOWN } });
  const use = ({ files }: Context, found: Found): Verdict => {
    const object = files.describe(found);
    // The kernel has no permission events there (FS_DISALLOW_NOTIFY_PERM), so the files with which the supervisor inspects
    // tasks are not affected.
    if (asksFirst(call.pointer(2)) && object.fs === "proc") return context.refuses(EINVAL);
    const verdict = context.decide(thread, { op: "fanotify-mark", subject: { ...mark, ...object } });
    if (asksFirst(call.pointer(2)) && context.listener.goesAhead(verdict)) readQuietly();
    return watching(context, verdict);
  };
  const directory = call.int(3);
  if (!call.isNull(4)) {
    const follow = (flags & FAN_MARK_DONT_FOLLOW) === 0;
    return withObject(context, thread, { directory, argument: 4 }, follow, unresolved, (found) => use(context, found));
  }
  if (directory === AT_FDCWD) return context.refuses(EBADF);
  return withDescriptor(context, thread, directory, unresolved, (found) => use(context, found));
};

const isPathOnly = (told: string): boolean =>
  (Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(told)?.[1] ?? "0", 8) & O_PATH) !== 0;

/** The fdinfo of a group, or the errno for a descriptor that is not one. */
function groupBehind(thread: Thread, fd: number): Group | number | "closed" {
  try {
    const told = readFileSync(`/proc/${thread.tid}/fdinfo/${fd}`, "latin1");
    const [, flags, opens] = /^fanotify flags:([0-9a-f]+) event-flags:([0-9a-f]+)$/m.exec(told) ?? [];
    if (flags === undefined || opens === undefined) return isPathOnly(told) ? EBADF : EINVAL;
    return groupOf(Number.parseInt(flags, 16), Number.parseInt(opens, 16));
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === "ENOENT" ? EBADF : "closed";
  }
}
