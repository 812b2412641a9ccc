/**
 * The rules of the lens by name. A contour records them, a policy switches them, a run reports how often each fired.
 *
 * `switchable` rules may be turned off in a policy's `rules`. The others follow from another part of the policy or keep the
 * levelled form unambiguous. `docs/lens.md` says what each rule hides, and must name every rule of this table.
 */
const rule = <S extends boolean>(switchable: S, summary: string) => ({ switchable, summary }) as const;

export const lensRules = {
  "working-directory": rule(true, "the directory the namespace started in is $CWD"),
  home: rule(true, "the home directory of the launching user is $HOME"),
  temp: rule(true, "the directories for temporary files are $TMP"),
  "runtime-directory": rule(true, "the launching user's directory under /run/user is $RUNTIME"),
  "control-group": rule(true, "the control group the namespace started in, and those around it, are $CGROUP"),
  "proc-pid": rule(true, "process, thread and descriptor numbers in /proc paths"),
  pty: rule(true, "the number of a pseudo terminal"),
  "launch-user": rule(true, "ids of a launching user who is not root, and temporary directories named after that user"),
  "own-port": rule(true, "a port that the kernel gave to the namespace itself"),
  "ephemeral-port": rule(true, "the ephemeral port of a local peer"),
  "host-name": rule(true, "an address that a looked-up name led to is that name; off unless a policy switches it on"),
  autobind: rule(true, "the name the kernel gave to an abstract Unix socket"),
  created: rule(true, "random names of what the namespace created, by creator and order"),
  timestamp: rule(true, "a date and time, to the second, in a name"),
  "content-address": rule(true, "names derived from content, of what the namespace created"),
  "own-image": rule(true, "a process reads or maps what its own exec has loaded: no event"),
  allocator: rule(true, "what the C library asks when threads contend for memory: no event"),
  "way-down": rule(true, "a handle of a directory on the way to the working directory, home or TMPDIR: no event"),
  "called-name": rule(true, "a made-up name by which a program was called, or the name of a login shell"),
  "command-text": rule(true, "which text an interpreter was given among its arguments"),
  device: rule(true, "the device number given for a node that is not a device"),
  "data-content": rule(false, "content digests of data; set by content"),
  canister: rule(false, "of a container: paths, ids and names of the host that its runtime chooses"),
  origin: rule(false, "a path or address outside the root, mounts and network of the launch says where it lies"),
  pseudonym: rule(false, "paths the policy renames; set by pseudonyms"),
  cache: rule(false, "what the programs of a toolchain do in a directory of their own; set by tools"),
  names: rule(
    false,
    "a digest or number in a name below a directory of a toolchain, whichever run made it; set by tools",
  ),
  state: rule(false, "a file that a program reads and writes anew as it left it; set by tools"),
  output: rule(false, "a file that a program writes anew each time; set by tools"),
  built: rule(false, "a program that the workload has built is identified by its makers; set by tools"),
  literal: rule(false, "a name that was chosen to look like a token is marked as literal"),
  "creations-forgotten": rule(false, "the log of created names was full: later paths to the oldest stay as they are"),
} as const;

export type RuleName = keyof typeof lensRules;

/** A rule that a policy may turn off by name. */
export type SwitchableRule = {
  [K in RuleName]: (typeof lensRules)[K] extends { switchable: true } ? K : never;
}[RuleName];

export const ruleNames = Object.keys(lensRules) as RuleName[];

export const switchableRules = ruleNames.filter((name) => lensRules[name].switchable) as SwitchableRule[];

/** How often each rule changed an event. */
export class Firings {
  readonly #counts = Object.fromEntries(ruleNames.map((name) => [name, 0])) as Record<RuleName, number>;

  count(rule: RuleName): void {
    this.#counts[rule] += 1;
  }

  record(): Readonly<Record<RuleName, number>> {
    return { ...this.#counts };
  }
}
