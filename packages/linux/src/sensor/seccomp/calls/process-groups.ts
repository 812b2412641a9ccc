/**
 * `setpgid(pid, group)`: into a group that is there. A signal to the own group is an act of its own, which does not name the group; so no
 * task may come into a group of processes outside without an act. Session and group are looked at in /proc, with the numbers of the
 * supervisor: in a pid namespace of its own, a task sees only groups that are inside.
 */
import { readdirSync } from "node:fs";
import { EPERM, ESRCH } from "../../../abi/errno.ts";
import { kill as probe } from "../../../abi/libc.ts";
import { readProcFile } from "../../../process/proc-file.ts";
import type { Verdict } from "../../mediation.ts";
import type { Context, Decoder } from "../context.ts";
import type { Thread } from "../tasks/process.ts";

interface Place {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

export const setpgid: Decoder = (context, thread): Verdict => {
  const [process, group] = [context.call.int(0), context.call.int(1)];
  const isOfItsOwn = group === process || (process === 0 && group === thread.process.pid);
  if (group <= 0 || isOfItsOwn || thread.process.countsAnew || context.tasks.find(group)) return 0;
  const own = placeOf(thread.tid);
  if (own?.group === group || group === groupAbove(context, thread)) return 0;
  const members = membersOf(group, own?.session);
  if (members.length === 0) return context.refuses(refusalOf(context, thread, process));
  if (members.every((pid) => context.tasks.find(pid))) return 0;
  return context.decide(thread, { op: "adjust", subject: { call: "setpgid", relation: "outside-group" } });
};

/** The errno for a group that is not there, or is of another session (kernel/sys.c, setpgid). It may be there when the kernel looks. */
function refusalOf(context: Context, thread: Thread, process: number): number {
  const isAnother = process !== 0 && process !== thread.process.pid;
  return isAnother && context.tasks.find(process)?.parent !== thread.process ? ESRCH : EPERM;
}

/** The group of the nearest process above the task that is outside: the workload began in it. */
function groupAbove(context: Context, thread: Thread): number | undefined {
  let place = placeOf(thread.tid);
  for (let steps = 0; steps < 64 && place !== undefined && place.parent > 1; steps++) {
    const above = placeOf(place.parent);
    if (!context.tasks.find(place.parent)) return above?.group;
    place = above;
  }
  return undefined;
}

/** Of a group in this session: its leader, which is enough, or else all processes that are left in it. */
function membersOf(group: number, session: number | undefined): readonly number[] {
  const leader = placeOf(group);
  if (leader?.group === group) return leader.session === session ? [group] : [];
  if (probe(-group, 0) === -ESRCH) return [];
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return numbers.map(Number).filter((pid) => {
    const place = placeOf(pid);
    return place?.group === group && place.session === session;
  });
}

/** Of /proc/PID/stat, the fields after the name: state, parent, group, session (proc_pid_stat(5)). */
function placeOf(pid: number): Place | undefined {
  const stat = readProcFile(`/proc/${pid}/stat`);
  const [, parent, group, session] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ", 4) ?? [];
  return session === undefined ? undefined : { parent: Number(parent), group: Number(group), session: Number(session) };
}
