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
  #mayBeMoved = false;

  /** Whether the object is a file of a group that contains the supervisor, which must not be opened for writing. */
  keeps({ stat, path, filesystem }: Found): boolean {
    if (filesystem !== CGROUP && filesystem !== CGROUP2) return false;
    const name = path.subarray(path.lastIndexOf("/") + 1).toString("latin1");
    this.#mayBeMoved ||= MOVES.test(name);
    if (HARMLESS.test(name)) return false;
    const here = this.#hierarchies.find(({ device }) => device === stat.device);
    // In a hierarchy that was mounted later, it is only known that the supervisor is in it.
    return here === undefined || this.#above(here).some((group) => this.#isThere(here, `${group}${name}`, stat));
  }

  /** The directory of each group that contains the supervisor. */
  containing(): readonly { readonly device: number; readonly inode: number }[] {
    return this.#hierarchies.flatMap((here) =>
      this.#above(here).flatMap((group) => {
        const found = statx(here.fd, terminated(`${group}.`), 0, STATX_MASK, this.#stat.bytes) >= 0;
        return found ? [{ device: here.device, inode: this.#stat.inode }] : [];
      }),
    );
  }

  /** Whether a task inside could move the supervisor to another group, and the supervisor is no longer in its first one. */
  get wereMoved(): boolean {
    return this.#mayBeMoved && own() !== this.#begun;
  }

  close(): void {
    for (const { fd } of this.#hierarchies) close(fd);
  }

  /**
   * The groups that contain the supervisor, from the mount down, each with a slash at its end unless it is the mount's own. If
   * they are unknown, every group counts.
   */
  #above({ root, isListedAs }: Hierarchy): string[] {
    const line = own()
      .split("\n")
      .map((each) => /^\d+:([^:]*):(\/.*)$/.exec(each))
      .find((match) => match !== null && isListedAs(match[1] as string));
    const path = line?.[2] ?? "/";
    const prefix = root === "/" ? "/" : `${root}/`;
    const below = path === root ? "" : path.startsWith(prefix) ? path.slice(prefix.length) : "";
    const steps = below === "" ? [] : below.split("/");
    return ["", ...steps.map((_, index) => `${steps.slice(0, index + 1).join("/")}/`)];
  }

  #isThere({ fd }: Hierarchy, path: string, { inode }: Stat): boolean {
    return statx(fd, terminated(path), 0, STATX_MASK, this.#stat.bytes) >= 0 && this.#stat.inode === inode;
  }
}

function own(): string {
  try {
    return readFileSync("/proc/self/cgroup", "latin1");
  } catch {
    return "";
  }
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
