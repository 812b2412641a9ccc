/** Acts of one process on another: signals, and access to its memory and descriptors. */
import { readFileSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import type { Act } from "../../mediation.ts";
import { perfTypes } from "../../words/kernel.ts";
import type { BpfProcess, ProcessTable } from "../processes.ts";
import type { Record } from "../record.ts";
import { callOf } from "./machine.ts";

interface Target {
  readonly relation: string;
  readonly target?: Digest;
}

/** arch/x86/entry/syscalls/syscall_64.tbl */
const calls = { ptrace: 101, readMemory: 310, writeMemory: 311, getDescriptor: 438, advise: 440 } as const;
/** The upper half of the second argument says what the lower half means. */
const MEANS_GROUP = 1;
const MEANS_USER = 2;
/** In the place of a process number: a supervisor. */
const THE_SUPERVISOR = 0xffff_ffff;
/** linux/ptrace.h: requests that begin something. */
const beginnings: Readonly<globalThis.Record<number, string>> = { 0: "traceme", 16: "attach", 0x4206: "seize" };

const SUPERVISOR: Target = { relation: "supervisor" };

export class ProcessActs {
  readonly #table: ProcessTable;

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  kill(record: Record, process: BpfProcess): Act {
    const isGroup = record.upperArgument(1) === MEANS_GROUP;
    const target = isGroup ? { relation: this.#group(record.argument(1), process) } : this.#target(record, process);
    return { op: "kill", subject: { signal: record.argument(0), ...target } };
  }

  ptrace(record: Record, process: BpfProcess): Act | "nothing" {
    const target = this.#target(record, process);
    switch (record.argument(0)) {
      case calls.readMemory:
        return { op: "vm", subject: { access: "read", ...target } };
      case calls.writeMemory:
        return { op: "vm", subject: { access: "write", ...target } };
      case calls.advise:
        return { op: "adjust", subject: { call: "process_madvise", ...target } };
      case calls.getDescriptor:
        return { op: "getfd", subject: target };
    }
    const request = beginnings[record.upperArgument(0)];
    return request === undefined ? "nothing" : { op: "ptrace", subject: { request, ...target } };
  }

  /** A change to how a process, a group, or all processes of a user run. */
  adjust(record: Record, process: BpfProcess): Act {
    const call = callOf(record);
    switch (record.upperArgument(1)) {
      case MEANS_GROUP:
        return { op: "adjust", subject: { call, relation: this.#group(record.argument(1), process) } };
      case MEANS_USER:
        return { op: "adjust", subject: { call, relation: "user" } };
      default:
        return { op: "adjust", subject: { call, ...this.#target(record, process) } };
    }
  }

  /** What is counted: the process itself, another one, or more than one. */
  perf(record: Record, process: BpfProcess): Act {
    const type = perfTypes[record.argument(0)] ?? "pmu";
    const meaning = record.upperArgument(1);
    if (meaning !== 0)
      return { op: "perf", subject: { type, relation: meaning === MEANS_GROUP ? "everyone" : "control-group" } };
    if (record.argument(2) === THE_SUPERVISOR) return { op: "perf", subject: { type, ...SUPERVISOR } };
    const pid = record.argument(3);
    const { relation } = this.#relation(pid === 0 ? process : this.#table.owner(pid), process);
    return { op: "perf", subject: { type, ...(pid !== 0 && { relation }) } };
  }

  /** The process or group that gets the signals of a descriptor, by its id in the caller's pid namespace. */
  sigio(record: Record, process: BpfProcess): Act | "nothing" {
    if (record.upperArgument(1) === MEANS_GROUP)
      return { op: "sigio", subject: { relation: this.#group(record.argument(1), process) } };
    if (record.argument(2) !== 0) return { op: "sigio", subject: this.#target(record, process) };
    const number = record.argument(3);
    const pid = process.countsAnew ? this.#table.called(process, number)?.pid : number;
    if (pid === record.pid || pid === record.tid) return "nothing";
    const other = pid === undefined ? undefined : (this.#table.owner(pid) ?? this.#table.owner(processOf(pid)));
    if (other === process || (!other && pid !== undefined && processOf(pid) === -1)) return "nothing";
    return { op: "sigio", subject: this.#relation(other, process) };
  }

  #target(record: Record, process: BpfProcess): Target {
    if (record.argument(2) === THE_SUPERVISOR) return SUPERVISOR;
    const other = this.#table.get(record.argument(2));
    if (!other) return { relation: record.argument(2) === 0 ? "outside" : "namespace" };
    return this.#relation(other, process);
  }

  #relation(other: BpfProcess | undefined, process: BpfProcess): Target {
    if (!other) return { relation: "outside" };
    const isChild = other.parentHandle === process.handle;
    const relation = isChild ? "child" : other.handle === process.parentHandle ? "parent" : "namespace";
    return { relation, target: other.identity.id };
  }

  /** A group by its id: 0 is the caller's own, 1 stands for every process (-1 in the call). */
  #group(group: number, process: BpfProcess): string {
    if (group === 0 || group === groupOf(process.pid)) return "own-group";
    if (group === 1) return "everyone";
    // A process in a pid namespace of its own reaches no process outside of it.
    if (process.countsAnew) return "namespace-group";
    return this.#table.find(group) ? "namespace-group" : "outside-group";
  }
}

/** The process that a thread id belongs to; -1 if there is none. */
function processOf(number: number): number {
  try {
    return Number(/^Tgid:\s*(\d+)$/m.exec(readFileSync(`/proc/${number}/status`, "latin1"))?.[1]);
  } catch {
    return -1;
  }
}

/** `/proc/PID/stat`, field 5; undefined if the process is gone. */
function groupOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[2]);
  } catch {
    return undefined;
  }
}
