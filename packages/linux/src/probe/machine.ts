/** The machine, and the user of this process. */
import type { Probe } from "./probe.ts";

export interface Machine {
  /** `uname -r`. */
  readonly release: string;
  /** Node's name: `x64`. */
  readonly architecture: string;
  readonly uid: number;
  readonly capabilities: bigint;
  readonly noNewPrivileges: boolean;
}

const CAP_SYS_ADMIN = 1n << 21n;

export function isPrivileged({ capabilities }: Pick<Machine, "capabilities">): boolean {
  return (capabilities & CAP_SYS_ADMIN) !== 0n;
}

export function probeMachine(machine: Machine): readonly Probe[] {
  return [kernel(machine), architecture(machine), user(machine), setUserId(machine)];
}

/** 5.6 has openat2 and pidfd_getfd, 5.8 faccessat2 and mount ids, 5.9 a listener that notices when no task is left. */
function kernel({ release }: Machine): Probe {
  const works = isAtLeast(release, 5, 9);
  return {
    part: "machine",
    name: "kernel",
    works,
    required: true,
    detail: `Linux ${release}`,
    needs: "Linux 5.9",
    ...(works ? {} : { fix: "run a newer kernel" }),
  };
}

function architecture({ architecture: found }: Machine): Probe {
  const works = found === "x64";
  return {
    part: "machine",
    name: "architecture",
    works,
    required: true,
    detail: works ? "x86-64; 32-bit and x32 programs are refused" : found,
    needs: "x86-64",
    ...(works ? {} : { fix: "use an x86-64 machine; other architectures are not supported yet" }),
  };
}

function user({ uid, capabilities, noNewPrivileges }: Machine): Probe {
  const rank = uid === 0 ? "root" : `user ${uid}`;
  const rights = isPrivileged({ capabilities }) ? "with CAP_SYS_ADMIN" : "without CAP_SYS_ADMIN";
  const bound = noNewPrivileges ? ", under no_new_privs already" : "";
  return {
    part: "machine",
    name: "user",
    works: true,
    required: false,
    detail: `${rank}, ${rights}${bound}`,
    needs: "any user",
  };
}

function setUserId(machine: Machine): Probe {
  const works = isPrivileged(machine) && !machine.noNewPrivileges;
  return {
    part: "machine",
    name: "set-user-ID programs",
    works,
    required: false,
    detail: works
      ? "get their privileges inside a namespace as outside"
      : "gain no privileges inside a namespace (no_new_privs): sudo, su and the like fail there",
    needs: "CAP_SYS_ADMIN",
    ...(works || machine.noNewPrivileges ? {} : { fix: "run isoline as root, if the workload needs them" }),
  };
}

/** Whether a release such as `6.12.3-amd64` is at least this version. */
export function isAtLeast(release: string, major: number, minor: number): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}
