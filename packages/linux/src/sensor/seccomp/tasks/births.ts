/** A newly discovered process: its parent, its identity, and its credentials. */
import { namespaceOf } from "../../../process/namespace-of.ts";
import { actsWith, familyOf } from "../../../process/pidfd-info.ts";
import { runningImage, startTime, type ThreadStatus } from "../../../process/proc-status.ts";
import type { Origin } from "./lineage.ts";
import { OWN_LEVELS } from "./pid-numbers.ts";
import type { Process, Rights } from "./process.ts";

/** The place of a process. */
export type Place = Pick<ThreadStatus, "tgid" | "ppid" | "levels" | "isFirst">;

const OWN_NUMBERS = namespaceOf("self", "pid");

/**
 * The place of a process, read from its pidfd. `isCounted`: it is known to be in the supervisor's pid namespace. Undefined if it
 * has to be read from /proc: on older kernels, and in another pid namespace.
 */
export function placeOf(pid: number, pidfd: number, isCounted: boolean): Place | undefined {
  const family = familyOf(pidfd);
  if (family?.tgid !== pid || (!isCounted && namespaceOf(pid, "pid") !== OWN_NUMBERS)) return undefined;
  return { tgid: pid, ppid: family.ppid, levels: OWN_LEVELS, isFirst: false };
}

/**
 * The credentials with which the first thread of a process was created, if it still has them. Its groups are those of its
 * forker: only its own call changes them. Its ids and capabilities are read.
 */
export function inheritedBy({ pid, pidfd, forker, setsGroups }: Process): Rights | undefined {
  const rights = setsGroups || forker?.setsGroups !== false ? undefined : forker.rights;
  return rights && actsWith(pid, pidfd, rights.credentials) ? rights : undefined;
}

/** `named` is the process that the kernel names as its parent, if that is in the namespace. */
export function processOf(
  { tgid: pid, ppid, levels, isFirst }: Place,
  origin: Origin,
  named: Process | undefined,
  own: { readonly handle: number; readonly pidfd: number; readonly restrictsItself: boolean },
): Process {
  const { parent, identity, executable, guessed, others, isLaunched } = origin;
  // The launched process may have executed a program before it had the filter; all others have to ask for an exec.
  const isUnexecuted = !isLaunched || (runningImage(pid)?.isUnexecuted ?? false);
  const isCertain = !guessed && others.length === 0 && parent === named && named?.adopts === false;
  return {
    pid,
    handle: own.handle,
    parent,
    hasGap: false,
    pidfd: own.pidfd,
    started: own.pidfd < 0 ? startTime(pid) : undefined,
    countsAnew: levels > OWN_LEVELS,
    identity,
    pendingExecs: [],
    executable,
    isUnexecuted,
    isSupervisors: isLaunched && isUnexecuted && ppid === process.pid,
    forkedAs: [],
    hasForgottenRuns: false,
    hasForked: false,
    hasLostForker: false,
    unborn: 0,
    unbornSiblings: 0,
    adopts: levels > OWN_LEVELS && isFirst,
    named,
    otherParents: others,
    multithreaded: false,
    sharesMemory: false,
    atOwnRoot: parent?.atOwnRoot ?? true,
    wasInside: !isLaunched && (guessed || [parent, ...others].some((each) => each?.wasInside ?? true)),
    executedInside: !isLaunched && (guessed || [parent, ...others].some((each) => each?.executedInside ?? true)),
    restrictsItself: own.restrictsItself,
    hasRestrictedForker: false,
    forker: isCertain ? named : undefined,
    setsGroups: false,
    rights: undefined,
  };
}
