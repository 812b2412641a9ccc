/** What one process does to another: signals, looking into it. */
import { readFileSync } from "node:fs";
import type { Digest } from "@isoline/core";
import type { Act } from "../../seccomp/mediation.ts";
import type { BpfProcess, ProcessTable } from "../processes.ts";
import type { Record } from "../record.ts";

interface Target {
  readonly relation: string;
  readonly target?: Digest;
}

/** arch/x86/entry/syscalls/syscall_64.tbl */
const calls = { ptrace: 101, readMemory: 310, writeMemory: 311, getDescriptor: 438 } as const;
/** linux/ptrace.h: requests that begin something. */
const beginnings: Readonly<globalThis.Record<number, string>> = { 0: "traceme", 16: "attach", 0x4206: "seize" };

export class ProcessActs {
  readonly #table: ProcessTable;

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  kill(record: Record, process: BpfProcess): Act {
    const isGroup = record.upperArgument(1) !== 0;
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
      case calls.getDescriptor:
        return { op: "getfd", subject: target };
    }
    const request = beginnings[record.upperArgument(0)];
    return request === undefined ? "nothing" : { op: "ptrace", subject: { request, ...target } };
  }

  #target(record: Record, process: BpfProcess): Target {
    const other = this.#table.get(record.argument(2));
    if (!other) return { relation: record.argument(2) === 0 ? "outside" : "namespace" };
    const relation = other.parent === process ? "child" : other === process.parent ? "parent" : "namespace";
    return { relation, target: other.identity.id };
  }

  /** A group by number: 0 its own, 1 everyone (as -1 says). */
  #group(group: number, process: BpfProcess): string {
    if (group === 0 || group === groupOf(process.pid)) return "own-group";
    if (group === 1) return "everyone";
    return this.#table.find(group) ? "namespace-group" : "outside-group";
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
