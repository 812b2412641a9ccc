/** Which processes may begin a namespace for themselves: what the agent's configuration allows. */

/** Every part that a rule has must fit. */
export interface BeginRule {
  readonly users?: readonly number[] | undefined;
  /** Absolute paths of executables. */
  readonly programs?: readonly string[] | undefined;
  /** Control groups, from the root of their hierarchy; those beneath are meant as well. */
  readonly controlGroups?: readonly string[] | undefined;
}

/** What the kernel says of the process that asks. */
export interface AskingProcess {
  readonly uid: number;
  readonly program: string | undefined;
  /** `/proc/PID/cgroup`. */
  readonly controlGroups: string;
}

export function mayBegin(rules: readonly BeginRule[], asking: AskingProcess): boolean {
  return rules.some(
    ({ users, programs, controlGroups }) =>
      (users === undefined || users.includes(asking.uid)) &&
      (programs === undefined || (asking.program !== undefined && programs.includes(asking.program))) &&
      (controlGroups === undefined || isIn(controlGroups, groupsIn(asking.controlGroups))),
  );
}

function isIn(groups: readonly string[], own: readonly string[]): boolean {
  return own.some((path) => groups.some((group) => path === group || path.startsWith(`${group}/`)));
}

/** Those of the hierarchies that a service manager keeps: the unified one, and systemd's own. Delegates may write into the others. */
const KEPT = /^(?:0:|\d+:name=systemd):(\/.*)$/;

function groupsIn(text: string): string[] {
  return text.split("\n").flatMap((line) => KEPT.exec(line)?.[1] ?? []);
}
