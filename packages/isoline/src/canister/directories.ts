/**
 * Directories that all containers of a host share, and that the first container after a boot would create: the runtime's state
 * directory, and the ancestors of the container's control groups. They are created before the namespace begins, because
 * otherwise a contour would depend on whether it was learnt by the first container or by a later one.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readControlGroups } from "../namespace/control-groups.ts";
import type { Bundle } from "./bundle.ts";
import type { RuncCall } from "./command-line.ts";
import { rootOf, rootOfUser } from "./runc.ts";

/** More levels than any engine uses; deeper ones are left to the runtime, which is supervised. */
const MOST_LEVELS = 8;

export function makeSharedDirectories(call: RuncCall, { groupsPath }: Bundle): void {
  makeStateDirectory(call);
  // With systemd's driver, systemd creates the groups, and this is not a path.
  if (groupsPath.startsWith("/") && !call.globals.has("systemd-cgroup")) makeGroupsAbove(groupsPath);
}

/**
 * Created as runc does (libcontainer/factory_linux.go, Create). For an ordinary user it has the sticky bit (main.go), which
 * runc sets at each start if it is missing; so it must not be missing the first time only.
 */
function makeStateDirectory({ globals }: RuncCall): void {
  attempt(() => mkdirSync(rootOf({ globals }), { recursive: true, mode: 0o700 }));
  const ofUser = globals.get("root") ? undefined : rootOfUser();
  if (ofUser !== undefined) attempt(() => chmodSync(ofUser, 0o1700));
}

/** In every mounted hierarchy (runc, libcontainer/cgroups/fs/paths.go and fs2/create.go). */
function makeGroupsAbove(path: string): void {
  // Normalised, so that no `..` leads out of the hierarchy.
  const above = dirname(join("/", path)).split("/").filter(Boolean);
  if (above.length > MOST_LEVELS) return;
  for (const { mount } of readControlGroups()) {
    let outer = mount;
    for (const name of above) {
      const group = join(outer, name);
      attempt(() => mkdirSync(group, { mode: 0o755 }));
      attempt(() => inheritProcessors(group, outer));
      outer = group;
    }
  }
}

/** A new group of cgroup version 1 has no processors until they are set (runc, libcontainer/cgroups/fs/cpuset.go). */
function inheritProcessors(group: string, outer: string): void {
  if (!existsSync(join(group, "cgroup.clone_children"))) return;
  for (const file of ["cpuset.cpus", "cpuset.mems"])
    if (readFileSync(join(group, file), "latin1").trim() === "")
      writeFileSync(join(group, file), readFileSync(join(outer, file)));
}

/** If this fails, the directory exists already, or runc will fail the same way and report the reason. */
function attempt(make: () => void): void {
  try {
    make();
  } catch {
    return;
  }
}
