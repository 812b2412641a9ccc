/**
 * Rules `proc-pid` and `pty`: numbers the kernel counts up, in /proc and /dev/pts.
 *
 *   /proc/1234/task/1240/fd/7   →   /proc/$self/task/$tid/fd/$fd
 *   /dev/pts/3                  →   /dev/pts/$n
 *
 * The file systems mounted there have no name that starts with a dollar sign, so these tokens can stand in paths that
 * start with a slash.
 */
import type { Relation, Surroundings } from "../observation.ts";

const OWNERS: Readonly<Record<Relation, string>> = {
  self: "$self",
  ancestor: "$task",
  namespace: "$task",
  outside: "$other",
  supervisor: "$supervisor",
};
const NUMBER = /^(?:0|[1-9]\d{0,9})$/;
const PROCESS = /^\/proc\/([1-9]\d{0,9})(?=\/|$)/;

/** A path in /proc/PID with its numbers levelled; other paths unchanged. `anew`: the mount is not the launch's. */
export function levelProcess(path: string, actor: number, surroundings: Surroundings, anew: boolean): string {
  const pid = PROCESS.exec(path)?.[1];
  if (pid === undefined) return path;
  const parts = path.split("/");
  parts[2] = OWNERS[surroundings.ownerIn(Number(pid), actor, anew)];
  let at = 3;
  if (parts[at] === "task" && isNumber(parts[at + 1])) {
    parts[at + 1] = "$tid";
    at += 2;
  }
  const entry = parts[at + 1];
  if (entry === undefined) return parts.join("/");
  if ((parts[at] === "fd" || parts[at] === "fdinfo") && isNumber(entry)) parts[at + 1] = "$fd";
  else if (parts[at] === "map_files" && /^[0-9a-f]+-[0-9a-f]+$/.test(entry)) parts[at + 1] = "$range";
  return parts.join("/");
}

/** A pseudo terminal without its number; other paths unchanged. */
export function levelTerminal(path: string): string {
  return /^\/dev\/pts\/\d{1,10}$/.test(path) ? "/dev/pts/$n" : path;
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && NUMBER.test(text);
}
