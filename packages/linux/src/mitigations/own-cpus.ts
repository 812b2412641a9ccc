/**
 * Processors of their own for untrusted processes: a control group below that of the process, with the last core; the trusted
 * processes of the namespace go to another one with the other cores. Both hierarchies of control groups have cpusets
 * (Documentation/admin-guide/cgroup-v1/cpusets.rst and cgroup-v2.rst, "Cpuset").
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { parseCpuList, partitionOf } from "./cores.ts";
import type { Offer, Outcome } from "./setting.ts";

/** While processes fork, some may be missed at first; their children are in the group already. */
const MOST_ROUNDS = 8;
const MOST_GROUPS = 64;
const GROUP = /^isoline-(\d+)-(?:apart|rest)$/;
/** A second in all. */
const MOST_TRIES = 100;
const PAUSE_MS = 10;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

interface Groups {
  readonly apart: string;
  readonly rest: string;
}

/** Where the files of cpusets are: the mount points of the two hierarchies. */
interface Hierarchy {
  readonly version: 1 | 2;
  readonly mount: string;
}

export class OwnCpus {
  readonly #groups = new Map<string, Groups>();

  /** Moves a process apart, and the trusted ones away from its core. */
  separate(pid: number, trusted: () => readonly number[]): Outcome {
    try {
      const groups = this.#groupsOf(pid);
      if (typeof groups === "string") return { is: "refused", why: groups };
      if (groups === undefined || !move(pid, groups.apart)) return { is: "gone" };
      return this.#keepAway(trusted);
    } catch (fault) {
      return { is: "refused", why: `the kernel answers ${said(fault)}` };
    }
  }

  /** Every trusted process leaves the core. One that is forked meanwhile is in its parent's group. */
  #keepAway(trusted: () => readonly number[]): Outcome {
    const moved = new Set<number>();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const left = trusted().filter((pid) => !moved.has(pid));
      if (left.length === 0) return { is: "set" };
      for (const pid of left) {
        const groups = this.#groupsOf(pid);
        if (typeof groups === "string") return { is: "refused", why: groups };
        if (groups !== undefined) move(pid, groups.rest);
        moved.add(pid);
      }
    }
    return { is: "refused", why: "trusted processes were started faster than they could be moved" };
  }

  /**
   * The groups for a process, made below its own group when they are first needed. A text says why there are none; undefined stands
   * for a process that has ended.
   */
  #groupsOf(pid: number): Groups | string | undefined {
    const hierarchy = findCpusets();
    const listed = read(`/proc/${pid}/cgroup`);
    if (listed === "") return undefined;
    const own = hierarchy && groupIn(listed, hierarchy);
    if (own === undefined) return "no control groups with cpusets are mounted";
    const base = own.replace(/\/isoline-\d+-(?:apart|rest)$/, "");
    const known = this.#groups.get(base);
    if (known !== undefined) return known;
    if (this.#groups.size === MOST_GROUPS) return `more than ${MOST_GROUPS} control groups would need such sets`;
    const made = makeGroups(base, hierarchy as Hierarchy);
    if (typeof made !== "string") this.#groups.set(base, made);
    return made;
  }

  /** Removes the groups. A process that has just ended is in its group for a moment more. */
  close(): void {
    for (const group of [...this.#groups.values()].flatMap(({ apart, rest }) => [apart, rest])) {
      for (let tries = 0; tries < MOST_TRIES && !removed(group); tries++) Atomics.wait(PAUSE, 0, 0, PAUSE_MS);
    }
    this.#groups.clear();
  }
}

/** False while a process is in the group. */
function removed(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== "EBUSY";
  }
}

/** Groups of supervisors that were killed, once the processes in them have ended too. */
function removeStale(base: string): void {
  for (const name of readdirSync(base)) {
    const [, pid] = GROUP.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removed(`${base}/${name}`);
  }
}

export function offerOwnCpus(): Offer {
  const hierarchy = findCpusets();
  const own = hierarchy && groupIn(read("/proc/self/cgroup"), hierarchy);
  const cpus = own === undefined ? undefined : cpusOf(own);
  const works = cpus !== undefined && partitionOf(cpus) !== undefined;
  const which = `cpusets of control groups, version ${hierarchy?.version}`;
  const why = own === undefined ? "no control groups with cpusets are mounted" : "fewer than two cores are permitted";
  return { name: "own-cpus", works, detail: works ? which : why };
}

function makeGroups(base: string, { version }: Hierarchy): Groups | string {
  const cpus = cpusOf(base);
  const parts = cpus && partitionOf(cpus);
  if (parts === undefined) return "fewer than two cores are permitted";
  removeStale(base);
  const groups = { apart: `${base}/isoline-${process.pid}-apart`, rest: `${base}/isoline-${process.pid}-rest` };
  for (const [group, part] of [[groups.apart, parts.apart] as const, [groups.rest, parts.rest] as const]) {
    if (!existsSync(group)) mkdirSync(group);
    // A threaded group may stand below one that has processes, whose other limits then stay in force.
    if (version === 2) writeFileSync(`${group}/cgroup.type`, "threaded");
    if (version === 2) writeFileSync(`${base}/cgroup.subtree_control`, "+cpuset");
    if (version === 1) writeFileSync(`${group}/cpuset.mems`, readFileSync(`${base}/cpuset.mems`));
    writeFileSync(`${group}/cpuset.cpus`, part.join());
  }
  return groups;
}

/** False if the process had ended. */
function move(pid: number, group: string): boolean {
  try {
    writeFileSync(`${group}/cgroup.procs`, String(pid));
    return true;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw fault;
  }
}

function cpusOf(group: string): readonly number[] | undefined {
  for (const name of ["cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"]) {
    const text = existsSync(`${group}/${name}`) ? readFileSync(`${group}/${name}`, "latin1") : "";
    const cpus = text.trim() === "" ? undefined : parseCpuList(text);
    if (cpus !== undefined) return cpus;
  }
  return undefined;
}

/** The cpusets of version 1 where they are mounted; else those of version 2, where the controller is there. */
function findCpusets(): Hierarchy | undefined {
  const mounts = readFileSync("/proc/self/mountinfo", "latin1")
    .split("\n")
    .map((line) => / \/ (\/\S*) .* - (cgroup2?) \S+ (\S+)$/.exec(line) ?? []);
  const first = mounts.find(([, , type, options]) => type === "cgroup" && options?.split(",").includes("cpuset"));
  if (first?.[1] !== undefined) return { version: 1, mount: first[1] };
  const second = mounts.find(([, , type]) => type === "cgroup2");
  return second?.[1] === undefined ? undefined : { version: 2, mount: second[1] };
}

/** The directory of the control group of a process (`/proc/PID/cgroup`); undefined if it is not mounted, or has no cpusets. */
function groupIn(listed: string, { version, mount }: Hierarchy): string | undefined {
  const own = listed.split("\n").flatMap((line) => {
    const [, controllers = "", path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    const fits = version === 2 ? controllers === "" : controllers.split(",").includes("cpuset");
    return fits && path !== undefined && !path.split("/").includes("..") ? [path] : [];
  })[0];
  if (own === undefined) return undefined;
  const group = own === "/" ? mount : mount + own;
  return version === 1 || /\bcpuset\b/.test(read(`${group}/cgroup.controllers`)) ? group : undefined;
}

/** Empty where there is no such file: the process has ended, or its group has. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

const said = (fault: unknown) => (fault as NodeJS.ErrnoException).code ?? String(fault);
