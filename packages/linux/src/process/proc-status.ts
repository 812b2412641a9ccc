/** `/proc/TID/status`: the process and credentials of a thread. */
import type { Credentials } from "@isoline/core/event";
import { readProcFile } from "./proc-file.ts";

export interface ThreadStatus {
  /** Thread group id, i.e. the process. */
  readonly tgid: number;
  readonly ppid: number;
  readonly umask: number;
  /** The number of pid namespaces that it is in, counted from that of our proc mount. */
  readonly levels: number;
  /** The thread is the first process of its own pid namespace: orphans there become its children. */
  readonly isFirst: boolean;
  readonly groups: readonly number[];
  readonly credentials: Credentials;
}

/** Reads a thread's status; undefined if the thread has ended or the text is not understood. */
export function readThreadStatus(tid: number): ThreadStatus | undefined {
  const text = readProcFile(`/proc/${tid}/status`);
  if (text === undefined) return undefined;
  const status = new StatusText(text);
  const umask = status.after("Umask");
  const [tgid] = status.numbers("Tgid");
  const [ppid] = status.numbers("PPid");
  const [uid, euid, suid, fsuid] = status.numbers("Uid");
  const [gid, egid, sgid, fsgid] = status.numbers("Gid");
  const groups = status.numbers("Groups");
  const pids = status.numbers("NStgid");
  const effective = status.after("CapEff");
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
    umask: Number.parseInt(umask || "22", 8),
    levels: pids.length,
    isFirst: pids.at(-1) === 1,
    groups,
    credentials: { uid, euid, suid, fsuid, gid, egid, sgid, fsgid, capabilities: BigInt(`0x${effective}`) },
  };
}

/** A thread's current umask; undefined if the thread has ended. */
export function readUmask(tid: number): number | undefined {
  const text = readProcFile(`/proc/${tid}/status`);
  const [, umask] = /\nUmask:\t([0-7]{1,4})\n/.exec(text ?? "") ?? [];
  return umask === undefined ? undefined : Number.parseInt(umask, 8);
}

/** Lines `Name:\tvalue` in the order in which the kernel writes them (fs/proc/array.c, proc_pid_status). */
class StatusText {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The value of a field, which stands after the field that was read before; "" if there is none. */
  after(name: string): string {
    const found = this.#text.indexOf(`\n${name}:`, this.#at);
    if (found < 0) return "";
    const start = found + name.length + 2;
    const end = this.#text.indexOf("\n", start);
    this.#at = end;
    return this.#text.slice(start, end).trim();
  }

  numbers(name: string): number[] {
    const value = this.after(name);
    return value === "" ? [] : value.split(value.includes("\t") ? "\t" : " ").map(Number);
  }
}

/** The children of a thread, in the order of their birth; undefined if it has ended or the kernel does not list them. */
export function childrenOf(pid: number, tid: number): number[] | undefined {
  const text = readProcFile(`/proc/${pid}/task/${tid}/children`);
  return text?.split(" ").filter(Boolean).map(Number);
}

/** When a process started, in clock ticks since boot (`/proc/PID/stat` field 22); undefined if it does not exist. */
export function startTime(pid: number): string | undefined {
  return statFields(pid)?.[22 - 3];
}

/** The process group of a process; undefined if it does not exist. */
export function groupOf(pid: number): number | undefined {
  const group = statFields(pid)?.[5 - 3];
  return group === undefined ? undefined : Number(group);
}

/** Whether a process does not exist any more, or is a zombie. */
export function hasEnded(pid: number): boolean {
  const state = statFields(pid)?.[0];
  return state === undefined || state === "Z" || state === "X";
}

/**
 * Whether a process will make no call any more: it has ended, or its only thread is ending. Such a thread has no memory and no
 * executable any more (kernel/exit.c, do_exit), and is not a zombie yet.
 */
export function isEnding(pid: number): boolean {
  const fields = statFields(pid);
  if (fields === undefined) return true;
  const [state, flags, threads] = [fields[0], Number(fields[9 - 3]), Number(fields[20 - 3])];
  return threads <= 1 && (state === "Z" || state === "X" || (flags & EXITING) !== 0);
}

/** What `/proc/TID/stat` says about the program that a task runs. */
export interface RunningImage {
  /** The task was created by fork or clone and has not executed a program since. The kernel sets this flag, and only exec clears it. */
  readonly isUnexecuted: boolean;
  /** The exec of this program, by the task or an ancestor, placed it at random addresses. Kept by every exec and every fork. */
  readonly isRandomized: boolean;
  /**
   * Start of code, stack and arguments, set by every exec and inherited by every fork; undefined if the supervisor may not
   * inspect the task. The task may change them (PR_SET_MM), and so may any task that shares its memory.
   */
  readonly mark: string | undefined;
}

/** linux/sched.h: PF_EXITING, PF_FORKNOEXEC, PF_RANDOMIZE. */
const EXITING = 0x4;
const FORKED_WITHOUT_EXEC = 0x40;
const RANDOMIZED = 0x40_0000;

/** Undefined if the task has ended or is hidden from this process. */
export function runningImage(tid: number): RunningImage | undefined {
  const fields = statFields(tid);
  if (!fields) return undefined;
  const field = (number: number): string => fields[number - 3] ?? "0";
  const flags = Number(field(9));
  return {
    isUnexecuted: (flags & FORKED_WITHOUT_EXEC) !== 0,
    isRandomized: (flags & RANDOMIZED) !== 0,
    // A reader without permission gets 1 and zeros (fs/proc/array.c, do_task_stat).
    mark: field(28) === "0" ? undefined : [26, 28, 48, 49, 50, 51].map(field).join(" "),
  };
}

/** What is read of each new process after its first exec. */
export interface FirstImage {
  readonly isUnexecuted: boolean;
  /** Where the kernel put its arguments, from the first byte to behind the last; undefined if that is hidden. */
  readonly words: { readonly from: bigint; readonly length: number } | undefined;
}

/** Undefined if the task is gone or hidden. */
export function firstImage(tid: number): FirstImage | undefined {
  const text = readProcFile(`/proc/${tid}/stat`);
  if (text === undefined) return undefined;
  let start = text.lastIndexOf(")") + 2;
  for (let field = 3; field < 9; field++) start = text.indexOf(" ", start) + 1;
  const flags = Number(text.slice(start, text.indexOf(" ", start)));
  return { isUnexecuted: (flags & FORKED_WITHOUT_EXEC) !== 0, words: wordsIn(text) };
}

/**
 * By the fields arg_start and arg_end, which are the 48th and 49th of 52 and found from the end. An exec puts the environment right
 * behind (fs/binfmt_elf.c, create_elf_tables), which env_start, the 50th, has to confirm.
 */
function wordsIn(text: string): FirstImage["words"] {
  let at = text.lastIndexOf(" ", text.lastIndexOf(" ") - 1);
  const fields: string[] = [];
  for (let field = 50; field >= 48; field--) {
    const before = text.lastIndexOf(" ", at - 1);
    fields.push(text.slice(before + 1, at));
    at = before;
  }
  const [environment, end = "", start = ""] = fields;
  const [from, length] = [BigInt(start), Number(BigInt(end) - BigInt(start))];
  // In the middle of an exec there is a start before there is an end.
  if (environment !== end || from === 0n || length < 0) return undefined;
  return { from, length };
}

/** `/proc/PID/stat` from its third field on. The second field, a name, may hold any character but ends at the last parenthesis. */
export function statFields(pid: number): string[] | undefined {
  const text = readProcFile(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}
