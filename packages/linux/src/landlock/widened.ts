/** Landlock rules where the contour may come to permit more while the namespace lives: the kernel's rules can only be narrowed. */
import { directoryOf } from "./real-path.ts";
import { fsRights, namesOf, netRights } from "./rights.ts";
import type { LandlockRules } from "./rules.ts";

/**
 * What a task does by itself after it was permitted: it executes a program, which the kernel opens for reading, and binds a socket to a
 * name. The supervisor performs all other acts on files, so rules of the namespace do not stand in the way of an answer.
 */
const DONE_BY_TASKS = fsRights.execute | fsRights["read-file"] | fsRights["read-dir"] | fsRights["make-sock"];

/** The rules of a namespace in which a person may permit more than the contour does. */
export function leavingRoomForAnswers(rules: LandlockRules): LandlockRules {
  const free = rules.handledFs & DONE_BY_TASKS;
  const note = `${namesOf(free)}: not restricted by Landlock, because an answer may permit more than the contour does`;
  return { ...rules, handledFs: rules.handledFs & ~free, notes: free === 0 ? rules.notes : [...rules.notes, note] };
}

/**
 * The lines that a restart under `wanted` would add to what `applied` lets through, as `read-file, execute on /usr/bin/cc`: of what a
 * task does by itself. Landlock stands beneath the seccomp sensor only, whose supervisor opens files and changes names in its place.
 */
export function beyondLandlock(applied: LandlockRules, wanted: LandlockRules): readonly string[] {
  return [
    ...wanted.reasons
      .filter((reason) => !applied.reasons.includes(reason))
      .map((reason) => `no Landlock at all: ${reason}`),
    ...files(applied, wanted),
    ...ports("bind-tcp", applied.tcpBind, wanted.tcpBind, applied.handledNet),
    ...ports("connect-tcp", applied.tcpConnect, wanted.tcpConnect, applied.handledNet),
    ...((applied.scoped & ~wanted.scoped) === 0 ? [] : ["reach processes or abstract sockets outside the namespace"]),
  ];
}

/** To execute a program the kernel opens it for reading as well. */
function byTasks(access: number): number {
  const { execute, "read-file": read, "make-sock": socket } = fsRights;
  return access & ((access & execute) === 0 ? socket : execute | read | socket);
}

function files(applied: LandlockRules, wanted: LandlockRules): string[] {
  const held = new Map<string, number>();
  for (const { path, access } of applied.files) held.set(path, (held.get(path) ?? 0) | access);
  return wanted.files.flatMap(({ path, access }) => {
    const lacking = byTasks(access) & applied.handledFs & ~rightsAt(held, path);
    return lacking === 0 ? [] : [`${namesOf(lacking)} on ${path}`];
  });
}

function rightsAt(held: ReadonlyMap<string, number>, path: string): number {
  let rights = held.get("/") ?? 0;
  for (let at = path; at !== "/"; at = directoryOf(at)) rights |= held.get(at) ?? 0;
  return rights;
}

function ports(
  right: keyof typeof netRights,
  applied: readonly number[],
  wanted: readonly number[],
  handled: number,
): string[] {
  if ((handled & netRights[right]) === 0) return [];
  return wanted.filter((port) => !applied.includes(port)).map((port) => `${right} on port ${port}`);
}
