/**
 * Puts a contour's Landlock rules on the calling thread and reports what they cover.
 *
 * Everything that the thread starts afterwards is restricted for good, threads of this process included. So a launching thread
 * calls this last before it installs its seccomp filter, and does nothing afterwards but start the workload. (Once the filter
 * is installed, the opens in here would wait for a supervisor that is not running yet.)
 */
import { ENOSYS, EPERM } from "../abi/errno.ts";
import {
  allowPort,
  createRuleset,
  type Handled,
  landlockVersion,
  RESTRICT_SELF_LOG_NEW_EXEC_ON,
  restrictSelf,
} from "../abi/landlock.ts";
import { close, prctl } from "../abi/libc.ts";
import { HeldFiles } from "./held-files.ts";
import { fsRights, knownTo, namesOf, netRights, scopes } from "./rights.ts";
import type { LandlockRules } from "./rules.ts";
import { settle } from "./settle.ts";

/** The result of applying the rules. */
export interface AppliedLandlock {
  readonly applied: boolean;
  /** Version of the kernel's interface; 0 without Landlock. */
  readonly version: number;
  /** Why nothing was applied. */
  readonly reason?: string;
  /** Number of rules on files and on ports. */
  readonly rules: number;
  /** Names of the rights that are refused unless a rule allows them, and of the scopes that may not be left. */
  readonly covered: readonly string[];
  /** Acts that this kernel, or Landlock in general, cannot restrict. */
  readonly gaps: readonly string[];
  /** Where the rules allow more than the contour, or nothing; one line each. */
  readonly notes: readonly string[];
  /** Descriptors of this process (close-on-exec) that must stay open as long as the namespace exists. */
  readonly pins: readonly number[];
}

const PR_SET_NO_NEW_PRIVS = 38;
const MESSAGE_QUEUES = fsRights["read-file"] | fsRights["write-file"];

/** Independent of the version. */
const beyondLandlock: readonly string[] = [
  "which program acts: the whole namespace has one rule set",
  "changes of mode, owner, extended attributes and times; executable mappings",
  "addresses of connections, datagrams, sockets other than TCP",
];

/**
 * Applies rules to the calling thread. Without CAP_SYS_ADMIN the kernel requires no_new_privs, so it is set first; the seccomp
 * filter needs it as well. Never throws: on failure no rule is in force, and the result says why.
 */
export function applyLandlock(rules: LandlockRules, version = landlockVersion()): AppliedLandlock {
  const refusal = whyNot(rules, version);
  if (refusal !== undefined) return nothing(Math.max(0, version), refusal);
  const known = knownTo(version);
  const handled = {
    fs: rules.handledFs & known.fs,
    net: rules.handledNet & known.net,
    scoped: rules.scoped & known.scoped,
  };
  const ruleset = createRuleset(handled, version);
  if (ruleset < 0) return nothing(version, `the kernel cannot create a rule set (errno ${-ruleset})`);
  const files = new HeldFiles(ruleset);
  try {
    const { count, notes } = fill(ruleset, rules, handled, files);
    const result = restrict(ruleset, version);
    if (result < 0) return nothing(version, `the kernel refused to apply the rules (errno ${-result})`, files.pins);
    return {
      applied: true,
      version,
      rules: count,
      covered: coveredBy(handled),
      gaps: gapsOf(rules, version),
      notes,
      pins: files.pins,
    };
  } finally {
    close(ruleset);
  }
}

function whyNot(rules: LandlockRules, version: number): string | undefined {
  if (version === -ENOSYS) return "this kernel was built without Landlock";
  if (version < 1) return "Landlock is not active on this kernel: it has to be in lsm= when it boots";
  if (!rules.usable) return rules.reasons.join("; ");
  const reparents = rules.files.some(({ access }) => (access & fsRights.refer) !== 0);
  if (version < 2 && reparents)
    return "files are moved or linked between directories, which version 1 of Landlock always refuses";
  return undefined;
}

function nothing(version: number, reason: string, pins: readonly number[] = []): AppliedLandlock {
  for (const fd of pins) close(fd);
  return { applied: false, version, reason, rules: 0, covered: [], gaps: [], notes: [], pins: [] };
}

function fill(
  ruleset: number,
  rules: LandlockRules,
  handled: Handled,
  files: HeldFiles,
): { count: number; notes: string[] } {
  const settled = settle(rules, handled.fs, files.look);
  const notes = [...rules.notes, ...settled.notes];
  let count = 0;
  for (const rule of settled.rules) {
    const problem = files.add(rule);
    if (problem === undefined) count += 1;
    else notes.push(`${rule.path}: ${problem}, so nothing is allowed there`);
  }
  const queues = files.allowMessageQueues(MESSAGE_QUEUES & handled.fs);
  if (queues !== undefined) notes.push(queues);
  for (const [port, rights] of portsIn(rules, handled.net)) {
    const result = allowPort(ruleset, port, rights);
    if (result >= 0) count += 1;
    else notes.push(`TCP port ${port}: the kernel accepts no rule for it (errno ${-result})`);
  }
  return { count, notes };
}

function portsIn({ tcpBind, tcpConnect }: LandlockRules, handled: number): ReadonlyMap<number, number> {
  const ports = new Map<number, number>();
  const add = (port: number, right: number) => {
    if ((handled & right) !== 0) ports.set(port, (ports.get(port) ?? 0) | right);
  };
  for (const port of tcpBind) add(port, netRights["bind-tcp"]);
  for (const port of tcpConnect) add(port, netRights["connect-tcp"]);
  return ports;
}

function restrict(ruleset: number, version: number): number {
  const flags = version >= 7 ? RESTRICT_SELF_LOG_NEW_EXEC_ON : 0;
  const result = restrictSelf(ruleset, flags);
  if (result !== -EPERM || prctl(PR_SET_NO_NEW_PRIVS, 1) < 0) return result;
  return restrictSelf(ruleset, flags);
}

function coveredBy({ fs, net, scoped }: Handled): string[] {
  const names = [namesOf(fs), namesOf(net, netRights), namesOf(scoped, scopes)];
  return names.flatMap((each) => (each === "" ? [] : each.split(", ")));
}

function gapsOf(rules: LandlockRules, version: number): string[] {
  const known = knownTo(version);
  const missing = coveredBy({
    fs: rules.handledFs & ~known.fs,
    net: rules.handledNet & ~known.net,
    scoped: rules.scoped & ~known.scoped,
  });
  const older =
    missing.length > 0 ? [`version ${version} of Landlock, which this kernel has, lacks ${missing.join(", ")}`] : [];
  return [...older, ...beyondLandlock];
}
