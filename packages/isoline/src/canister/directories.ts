/**
 * Directories that all containers of a host share, and that the first of them after each start of the host would make: the
 * one in which the runtime keeps its state, and the control groups around the container's own. They are made before the
 * namespace begins. A contour would say otherwise whether it was learnt by the first container or by a later one.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readControlGroups } from "../namespace/control-groups.ts";
import type { Bundle } from "./bundle.ts";
import type { RuncCall } from "./command-line.ts";
import { rootOf, rootOfUser } from "./runc.ts";

/** More than any engine's; what lies deeper is left to the runtime, which is watched. */
const MOST_LEVELS = 8;

export function makeSharedDirectories(call: RuncCall, { groupsPath }: Bundle): void {
  makeStateDirectory(call);
  // With systemd's driver, systemd makes the groups, and the path is no path.
  if (groupsPath.startsWith("/") && !call.globals.has("systemd-cgroup")) makeGroupsAbove(groupsPath);
}

/**
 * As runc makes it (libcontainer/factory_linux.go, Create): an ordinary user's with the sticky bit (main.go), which runc sets at
 * each start, so that it finds it without the first time only.
 */
function makeStateDirectory({ globals }: RuncCall): void {
  attempt(() => mkdirSync(rootOf({ globals }), { recursive: true, mode: 0o700 }));
  const ofUser = globals.get("root") ? undefined : rootOfUser();
  if (ofUser !== undefined) attempt(() => chmodSync(ofUser, 0o1700));
}

/** In every hierarchy there is (runc, libcontainer/cgroups/fs/paths.go and fs2/create.go). */
function makeGroupsAbove(path: string): void {
  // Normalised: no `..` leads out of the hierarchy.
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

/** A new group of cgroup version 1 has no processors until it is given some (runc, libcontainer/cgroups/fs/cpuset.go). */
function inheritProcessors(group: string, outer: string): void {
  if (!existsSync(join(group, "cgroup.clone_children"))) return;
  for (const file of ["cpuset.cpus", "cpuset.mems"])
    if (readFileSync(join(group, file), "latin1").trim() === "")
      writeFileSync(join(group, file), readFileSync(join(outer, file)));
}

/** What cannot be made here, runc cannot either, and says why; or it is there, and nothing has to be made. */
function attempt(make: () => void): void {
  try {
    make();
  } catch {
    return;
  }
}
