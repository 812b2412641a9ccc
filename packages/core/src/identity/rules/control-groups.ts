/**
 * Rule `control-group`: the group that the namespace was started in, and each of its ancestors up to the mount point, are
 * `$CGROUP`. So are the files by which the kernel shows them.
 *
 *   /sys/fs/cgroup/system.slice/ci-4711.scope/memory.max   →   $CGROUP/memory.max
 *   /sys/fs/cgroup/system.slice/memory.max                 →   $CGROUP/memory.max
 *   /sys/fs/cgroup/system.slice/other.service/memory.max   stays
 *
 * The number of ancestors differs from machine to machine, and a runtime that looks for its limits reads them all (libuv:
 * src/unix/linux.c, uv__get_cgroupv2_constrained_cpu).
 */
import type { Launch } from "../launch.ts";

const TOKEN = "$CGROUP";
const RULE = "control-group";

/** Names of the kernel's own files: `CONTROLLER.name`, and those of version 1 without a dot (kernel/cgroup/cgroup-v1.c). */
const CONTROL_FILE =
  /^(?:(?:cgroup|cpu|cpuacct|cpuset|memory|io|blkio|pids|hugetlb|rdma|misc|devices|freezer|net_cls|net_prio|perf_event|dmem)\.[a-z0-9_.]+|tasks|notify_on_release|release_agent)$/;

export interface GroupDirectory {
  readonly path: string;
  readonly token: typeof TOKEN;
  readonly rule: typeof RULE;
}

export type Groups = Pick<Launch, "controlGroups">;

/** The groups that the namespace was started in; everything below them belongs to them. */
export function ownGroups({ controlGroups = [] }: Groups): GroupDirectory[] {
  return controlGroups.map(({ group }) => directoryOf(group));
}

/** The ancestors of those groups, by path; only they and the kernel's files in them are `$CGROUP`. */
export class GroupsAbove {
  readonly #byPath: ReadonlyMap<string, GroupDirectory>;

  constructor({ controlGroups = [] }: Groups) {
    const paths = controlGroups.flatMap(({ mount, group }) => pathsAbove(mount, group));
    this.#byPath = new Map(paths.map((path) => [path, directoryOf(path)]));
  }

  of(path: string): GroupDirectory | undefined {
    if (this.#byPath.size === 0) return undefined;
    const slash = path.lastIndexOf("/");
    return (
      this.#byPath.get(path) ??
      (CONTROL_FILE.test(path.slice(slash + 1)) ? this.#byPath.get(path.slice(0, slash)) : undefined)
    );
  }
}

/** Real paths that a levelled path in `$CGROUP` may stand for. */
export function groupPaths({ controlGroups = [] }: Groups): string[] {
  return [...new Set(controlGroups.flatMap(({ mount, group }) => [group, ...pathsAbove(mount, group)]))];
}

function directoryOf(path: string): GroupDirectory {
  return { path, token: TOKEN, rule: RULE };
}

/** From the directory above a group up to the mount point. */
function pathsAbove(mount: string, group: string): string[] {
  const above: string[] = [];
  for (let end = group.lastIndexOf("/"); end >= mount.length && mount.length > 1; end = group.lastIndexOf("/", end - 1))
    above.push(group.slice(0, end));
  return above;
}
