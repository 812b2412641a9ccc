/** The control groups of this process, and their paths in the file system. */
import { readFileSync } from "node:fs";
import { escapeText } from "@isoline/core/event";
import type { ControlGroup } from "@isoline/core/identity";

/** Several times the number of controllers. */
const MAX_GROUPS = 64;
/** Escapes that mountinfo uses for blanks, line ends and backslashes: fs/seq_file.c, mangle_path. */
const OCTAL = /\\(040|011|012|134)/g;

/** The control groups of this process; none if /proc does not list them. */
export function readControlGroups(): ControlGroup[] {
  try {
    return controlGroupsOf(readFileSync("/proc/self/cgroup", "utf8"), readFileSync("/proc/self/mountinfo", "utf8"));
  } catch {
    return [];
  }
}

/**
 * Joins `ID:CONTROLLERS:PATH` (cgroups(7); version 2 names no controllers) with the mounts of proc_pid_mountinfo(5). A mount
 * may show only a part of its hierarchy; a group outside that part has no path.
 */
export function controlGroupsOf(groups: string, mounts: string): ControlGroup[] {
  const hierarchies = groups.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    return controllers === undefined || path === undefined ? [] : [{ controllers, path }];
  });
  return mounts
    .split("\n")
    .flatMap((line) => {
      const mounted = mountOf(line);
      if (mounted === undefined) return [];
      const own = hierarchies.find(({ controllers }) => mounted.shows(controllers));
      const below = own && beneath(mounted.root, own.path);
      if (below === undefined) return [];
      return [{ mount: escapeText(mounted.point), group: escapeText(mounted.point + below) }];
    })
    .slice(0, MAX_GROUPS);
}

function mountOf(line: string) {
  const [fields = "", described] = line.split(" - ", 2);
  const [, , , root, point] = fields.split(" ");
  const [type, , options = ""] = described?.split(" ") ?? [];
  if (!root?.startsWith("/") || !point?.startsWith("/") || point === "/") return undefined;
  const has = new Set(options.split(","));
  const shows = (controllers: string) =>
    type === "cgroup2"
      ? controllers === ""
      : type === "cgroup" && controllers !== "" && controllers.split(",").every((name) => has.has(name));
  return { root: plain(root), point: plain(point), shows };
}

/** The part of `path` after `root`: empty, or beginning with a slash. */
function beneath(root: string, path: string): string | undefined {
  // For a process outside the root of its cgroup namespace, the kernel writes `/../…`.
  if (path.split("/").includes("..")) return undefined;
  if (root === "/") return path === "/" ? "" : path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

function plain(text: string): string {
  return text.replace(OCTAL, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
