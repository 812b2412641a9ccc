/** The process that a number means to a task: a pid namespace has its own numbers. */
import { readdirSync, readlinkSync } from "node:fs";
import type { Thread } from "./process.ts";
import { readProcFile } from "../../../process/proc-file.ts";

/** The numbers of a task in each pid namespace it is in, from that of the supervisor's proc mount to its own. */
export interface Numbers {
  readonly tids: readonly number[];
  readonly pids: readonly number[];
  readonly groups: readonly number[];
}

/** The numbers of a task; undefined if it has ended. */
export function numbersOf(tid: number): Numbers | undefined {
  return numbersIn(`/proc/${tid}/status`);
}

export function numbersIn(statusFile: string): Numbers | undefined {
  const status = readProcFile(statusFile);
  return status === undefined ? undefined : numbersFrom(status);
}

/** The numbers in the text of a status file. */
export function numbersFrom(status: string): Numbers {
  const read = (field: string): number[] => {
    const found = status.indexOf(`\n${field}:`);
    const start = found + field.length + 2;
    if (found < 0) return [];
    return status.slice(start, status.indexOf("\n", start)).trim().split("\t").map(Number);
  };
  return { tids: read("NSpid"), pids: read("NStgid"), groups: read("NSpgid") };
}

export const OWN_LEVELS = numbersOf(process.pid)?.tids.length ?? 1;

/** Whether a task sees other process numbers than the supervisor. */
export function countsAnew(numbers: Numbers): boolean {
  return numbers.tids.length > OWN_LEVELS;
}

/**
 * The supervisor's number of the process that a number means to a thread; undefined if it is not found. A process that a task
 * sees in its own pid namespace is searched by its number there, among all processes.
 */
export function pidMeant(thread: Thread, number: number): number | undefined {
  if (!thread.process.countsAnew) return number;
  const own = numbersOf(thread.tid);
  if (!own) return number;
  if (own.tids.at(-1) === number || own.pids.at(-1) === number) return thread.process.pid;
  const namespace = namespaceOf(thread.tid);
  if (namespace === undefined) return undefined;
  return pidOfNumber(namespace, number);
}

/** The same for a process. */
export function pidAmong(pid: number, number: number): number | undefined {
  if (numbersOf(pid)?.pids.at(-1) === number) return pid;
  const namespace = namespaceOf(pid);
  return namespace === undefined ? undefined : pidOfNumber(namespace, number);
}

/** The supervisor's number of the process that has `number` in a pid namespace, given as `pid:[INODE]`. */
export function pidOfNumber(namespace: string, number: number | undefined): number | undefined {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || namespaceOf(Number(name)) !== namespace) continue;
    if (numbersOf(Number(name))?.pids.at(-1) === number) return Number(name);
  }
  return undefined;
}

/** The pid namespace of a task as `pid:[INODE]`; undefined if it may not be read. */
export function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
