/**
 * The control groups that contain the supervisor. A write to their files acts on it as a signal would: it can be frozen,
 * killed, or starved. So in no mode are they opened for writing, except for files that move tasks or enable controllers.
 *
 * A file is recognised by its inode, whatever mount, root or handle led to it: in one hierarchy each file has one inode as long
 * as its group exists. The mounts are held from the start, because a workload may unmount them.
 */
import { readFileSync } from "node:fs";
import { EMPTY, openHow, terminated } from "../abi/bytes.ts";
import { close, openat2, statx } from "../abi/libc.ts";
import { AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC, O_PATH, Stat, STATX_MASK } from "../abi/stat.ts";
import type { Found } from "./files/found.ts";

/** linux/magic.h */
const CGROUP = 0x0027_e0eb;
const CGROUP2 = 0x6367_7270;
/** The tasks in a group, the controllers below it, and pressure triggers (cgroups(7), cgroup-v2.rst). */
const HARMLESS =
  /^(?:tasks|cgroup\.(?:procs|threads|subtree_control|clone_children)|(?:cgroup|cpu|memory|io|irq)\.pressure)$/;
const MOVES = /^(?:tasks|cgroup\.(?:procs|threads))$/;
const DIRECTORY = openHow(O_PATH | O_CLOEXEC, 0, 0);

/** The mount's own group. */
const WHOLE: readonly string[] = [""];

/** The directory of a group. */
export interface Group {
  readonly device: number;
  readonly inode: number;
}

interface Hierarchy {
  /** Its mount, by a descriptor of the supervisor. */
  readonly fd: number;
  readonly device: number;
  /** The group at the root of the mount, by its path in /proc. */
  readonly root: string;
  /** From its line in /proc/self/cgroup: controllers as they are mounted, or "" for version 2. */
  readonly isListedAs: (controllers: string) => boolean;
}

export class OwnGroups {
  readonly #hierarchies = mounted();
  readonly #stat = new Stat();
  readonly #begun = own();
  #last = placesOf("self");
  #mayBeMoved = false;

  /** Whether the object is a file of a group that contains the supervisor, which must not be opened for writing. */
  keeps({ stat, path, filesystem }: Found): boolean {
    if (filesystem !== CGROUP && filesystem !== CGROUP2) return false;
    const name = path.subarray(path.lastIndexOf("/") + 1).toString("latin1");
    this.#mayBeMoved ||= MOVES.test(name);
    if (HARMLESS.test(name)) return false;
    const here = this.#hierarchies.find(({ device }) => device === stat.device);
    // In a hierarchy that was mounted later, it is only known that the supervisor is in it.
    if (here === undefined) return true;
    const above = groupsFrom(here, placesOf("self")) ?? WHOLE;
    return above.some((group) => this.#isThere(here, `${group}${name}`, stat));
  }

  /** The directory of each group that contains the supervisor. */
  containing(): readonly Group[] {
    const places = placesOf("self");
    return this.#hierarchies.flatMap((here) => this.#directories(here, groupsFrom(here, places) ?? WHOLE));
  }

  /** The same of another process; undefined if it cannot be read, or is outside of what the supervisor sees of a hierarchy. */
  containingProcess(pid: number): readonly Group[] | undefined {
    const places = placesOf(pid);
    if (places.size === 0) return undefined;
    const found: Group[] = [];
    for (const here of this.#hierarchies) {
      const groups = groupsFrom(here, places);
      if (groups === undefined) return undefined;
      found.push(...this.#directories(here, groups));
    }
    return found;
  }

  /** Whether a device is that of a hierarchy which the supervisor sees. */
  sees(device: number): boolean {
    return this.#hierarchies.some((here) => here.device === device);
  }

  /** Whether the supervisor was moved since this was asked last. A hierarchy that was mounted or unmounted meanwhile does not count. */
  hasMoved(): boolean {
    const before = this.#last;
    const now = placesOf("self");
    // What cannot be read may have changed.
    if (now.size === 0) return before.size > 0;
    this.#last = now;
    return [...now].some(([controllers, path]) => (before.get(controllers) ?? path) !== path);
  }

  /** Whether a task inside could move the supervisor to another group, and the supervisor is no longer in its first one. */
  get wereMoved(): boolean {
    return this.#mayBeMoved && own() !== this.#begun;
  }

  close(): void {
    for (const { fd } of this.#hierarchies) close(fd);
  }

  #directories({ fd, device }: Hierarchy, groups: readonly string[]): Group[] {
    return groups.flatMap((group) => {
      const found = statx(fd, terminated(`${group}.`), 0, STATX_MASK, this.#stat.bytes) >= 0;
      return found ? [{ device, inode: this.#stat.inode }] : [];
    });
  }

  #isThere({ fd }: Hierarchy, path: string, { inode }: Stat): boolean {
    return statx(fd, terminated(path), 0, STATX_MASK, this.#stat.bytes) >= 0 && this.#stat.inode === inode;
  }
}

function own(): string {
  return listed("self");
}

function listed(process: number | "self"): string {
  try {
    return readFileSync(`/proc/${process}/cgroup`, "latin1");
  } catch {
    return "";
  }
}

/** The group of a process in each hierarchy, by its controllers as they are listed; none if there is no such process. */
function placesOf(process: number | "self"): ReadonlyMap<string, string> {
  const lines = listed(process).matchAll(/^\d+:([^:]*):(\/.*)$/gm);
  return new Map(Array.from(lines, ([, controllers = "", path = ""]) => [controllers, path]));
}

/**
 * The groups that contain a process, from the mount down, each with a slash at its end unless it is the mount's own. Undefined if the
 * process is in none that is below the mount's.
 */
function groupsFrom(
  { root, isListedAs }: Hierarchy,
  places: ReadonlyMap<string, string>,
): readonly string[] | undefined {
  const path = [...places].find(([controllers]) => isListedAs(controllers))?.[1];
  const prefix = root === "/" ? "/" : `${root}/`;
  if (path === root) return WHOLE;
  if (path?.startsWith(prefix) !== true) return undefined;
  const steps = path.slice(prefix.length).split("/");
  if (steps.includes("..")) return undefined;
  return ["", ...steps.map((_, index) => `${steps.slice(0, index + 1).join("/")}/`)];
}

/** Every mount of a hierarchy in the supervisor's view (proc_pid_mountinfo(5)). */
function mounted(): Hierarchy[] {
  const stat = new Stat();
  return readFileSync("/proc/self/mountinfo", "latin1")
    .split("\n")
    .flatMap((line) => {
      const [fields = "", described = ""] = line.split(" - ", 2);
      const [type, , options = ""] = described.split(" ");
      const [, , , root = "/", point = ""] = fields.split(" ");
      if (type !== "cgroup" && type !== "cgroup2") return [];
      const fd = openat2(AT_FDCWD, terminated(point), DIRECTORY);
      if (fd < 0) return [];
      if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes) < 0) {
        close(fd);
        return [];
      }
      const has = new Set(options.split(","));
      const isListedAs = (controllers: string) =>
        type === "cgroup2"
          ? controllers === ""
          : controllers !== "" && controllers.split(",").every((each) => has.has(each));
      return [{ fd, device: stat.device, root, isListedAs }];
    });
}
