/**
 * What `/proc/TID/status` says of a thread: where it belongs and with what credentials it acts.
 */
import { readFileSync } from "node:fs";
import type { Credentials } from "@isoline/core";

export interface ThreadStatus {
  /** Thread group, i.e. process. */
  readonly tgid: number;
  readonly ppid: number;
  readonly umask: number;
  /** In how many pid namespaces it is, from that of the proc mount we read. */
  readonly levels: number;
  /** The first process of its own pid namespace: orphans there become its children. */
  readonly isFirst: boolean;
  readonly groups: readonly number[];
  readonly credentials: Credentials;
}

/** Reads a thread's status; undefined if it is gone or says something this code does not understand. */
export function readThreadStatus(tid: number): ThreadStatus | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${tid}/status`, "latin1");
  } catch {
    return undefined;
  }
  const numbers = (name: string): number[] => {
    const start = text.indexOf(`\n${name}:`);
    if (start < 0) return [];
    const line = text.slice(start + name.length + 2, text.indexOf("\n", start + 1)).trim();
    return line === "" ? [] : line.split(/\s+/).map(Number);
  };
  const word = (name: string): string => {
    const start = text.indexOf(`\n${name}:`);
    return start < 0 ? "" : text.slice(start + name.length + 2, text.indexOf("\n", start + 1)).trim();
  };
  const [tgid] = numbers("Tgid");
  const [ppid] = numbers("PPid");
  const [uid, euid, suid, fsuid] = numbers("Uid");
  const [gid, egid, sgid, fsgid] = numbers("Gid");
  const effective = word("CapEff");
  if (
    tgid === undefined ||
    ppid === undefined ||
    uid === undefined ||
    euid === undefined ||
    suid === undefined ||
    fsuid === undefined ||
    gid === undefined ||
    egid === undefined ||
    sgid === undefined ||
    fsgid === undefined ||
    !/^[0-9a-f]{1,16}$/.test(effective)
  ) {
    return undefined;
  }
  return {
    tgid,
    ppid,
    umask: Number.parseInt(word("Umask") || "22", 8),
    levels: numbers("NStgid").length,
    isFirst: numbers("NStgid").at(-1) === 1,
    groups: numbers("Groups"),
    credentials: { uid, euid, suid, fsuid, gid, egid, sgid, fsgid, capabilities: BigInt(`0x${effective}`) },
  };
}

/** The children that a thread has, in the order of their birth; undefined if it is gone or the kernel does not list them. */
export function childrenOf(pid: number, tid: number): number[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/task/${tid}/children`, "latin1");
    return text.trim() === "" ? [] : text.trim().split(" ").map(Number);
  } catch {
    return undefined;
  }
}

/** When a process started, in clock ticks since boot (`/proc/PID/stat` field 22); undefined if it is gone. */
export function startTime(pid: number): string | undefined {
  return statFields(pid)?.[22 - 3];
}

/**
 * What tells one program image of a process from the next: start of code, stack and arguments (`/proc/PID/stat` fields
 * 26, 28, 48–51), all placed at random by every exec. Undefined if the process may not be looked into.
 */
export function readImageMark(pid: number): string | undefined {
  const fields = statFields(pid);
  return fields && [26, 28, 48, 49, 50, 51].map((field) => fields[field - 3]).join(" ");
}

/** `/proc/PID/stat` from its third field on: the second, a name, may hold anything but ends at the last parenthesis. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
