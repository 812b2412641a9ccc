/** Probes the kernel's security modules: Landlock for the seccomp sensor, and whether BPF programs can be one of them. */
import { ENOSYS } from "../abi/errno.ts";
import { landlockVersion } from "../abi/landlock.ts";
import { activeModules } from "../abi/security-modules.ts";
import { knownTo, namesOf, netRights, scopes } from "../landlock/rights.ts";
import type { Probe } from "./probe.ts";

export interface SecurityModules {
  /** Version of Landlock's interface, or a negative errno. */
  readonly landlock: number;
  /** The active modules; undefined if the kernel does not report them. */
  readonly active: readonly string[] | undefined;
}

/** The newest version whose features are all used here. */
const NEWEST = 7;

export function trySecurityModules(): SecurityModules {
  return { landlock: landlockVersion(), active: activeModules() };
}

export function probeSecurityModules(found: SecurityModules): readonly Probe[] {
  return [landlock(found), bpfModule(found)];
}

function landlock({ landlock: version }: SecurityModules): Probe {
  const fact = {
    part: "landlock",
    name: "Landlock",
    required: true,
    needs: `Linux 5.13; 6.15 (version ${NEWEST}) for all of it`,
  } as const;
  if (version === -ENOSYS) {
    return {
      ...fact,
      works: false,
      detail: "the kernel was built without it",
      fix: "run a kernel with CONFIG_SECURITY_LANDLOCK",
    };
  }
  if (version < 1)
    return { ...fact, works: false, detail: "not active", fix: "add landlock to lsm= on the kernel's command line" };
  const missing = missingFrom(version);
  const detail = `version ${version}: ${missing === "" ? "every feature that isoline uses" : `without ${missing}`}`;
  return { ...fact, works: true, detail, ...(missing === "" ? {} : { fix: "a newer kernel restricts more" }) };
}

function missingFrom(version: number): string {
  const [known, all] = [knownTo(version), knownTo(NEWEST)];
  const missing = [
    namesOf(all.fs & ~known.fs),
    namesOf(all.net & ~known.net, netRights),
    namesOf(all.scoped & ~known.scoped, scopes),
  ];
  const log = version < 7 ? ["refusals in the audit log"] : [];
  return [...missing.filter((names) => names !== ""), ...log].join(", ");
}

function bpfModule({ active }: SecurityModules): Probe {
  const works = active?.includes("bpf") ?? false;
  const detail =
    active === undefined
      ? "not known: the kernel does not report it, and securityfs is not mounted"
      : works
        ? "bpf is in lsm="
        : "bpf is not in lsm=";
  return {
    part: "bpf",
    name: "BPF security module",
    works,
    required: false,
    detail,
    needs: "CONFIG_BPF_LSM",
    ...(works || active === undefined ? {} : { fix: "add bpf to lsm= on the kernel's command line" }),
  };
}
