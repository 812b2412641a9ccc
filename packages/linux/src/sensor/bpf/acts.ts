/**
 * Decodes a record of the BPF programs into an act, in the words of the operation table. An exec is decoded elsewhere, since
 * it needs more than its record (`executions.ts`).
 */
import type { Act } from "../mediation.ts";
import { FileActs } from "./acts/files.ts";
import { nameActs } from "./acts/names.ts";
import { machineActs, moduleAct } from "./acts/machine.ts";
import { markActs } from "./acts/marks.ts";
import { privilegeActs } from "./acts/privileges.ts";
import { ProcessActs } from "./acts/processes.ts";
import { requestActs } from "./acts/requests.ts";
import { socketActs } from "./acts/sockets.ts";
import type { SeenContent } from "./content.ts";
import { isByHandle } from "./objects.ts";
import type { BpfProcess, ProcessTable } from "./processes.ts";
import { operations, type Record } from "./record.ts";

/** Why a file that a handle leads to is a loss, in the words of the seccomp sensor. */
const UNNAMED = "path not resolved (by-handle)";

/** What a record says: an act, nothing that counts, or why the act is unknown. */
export type Told = Act | "nothing" | { readonly unknown: string };

export class Acts {
  readonly #decoders: ReadonlyMap<number, (record: Record, process: BpfProcess) => Act | "nothing">;

  constructor(content: SeenContent, readsContent: boolean, table: ProcessTable) {
    const files = new FileActs(content, readsContent);
    const processes = new ProcessActs(table);
    this.#decoders = new Map<number, (record: Record, process: BpfProcess) => Act | "nothing">([
      [operations.open, (record) => files.open(record)],
      [operations.create, (record) => files.create(record)],
      [operations.map, (record) => files.map(record)],
      ...nameActs,
      ...socketActs,
      ...privilegeActs,
      ...machineActs,
      ...requestActs,
      ...markActs,
      [operations.module, (record) => moduleAct(record, content)],
      [operations.kill, (record, process) => processes.kill(record, process)],
      [operations.adjust, (record, process) => processes.adjust(record, process)],
      [operations.perf, (record, process) => processes.perf(record, process)],
      [operations.sigio, (record, process) => processes.sigio(record, process)],
      [operations.ptrace, (record, process) => processes.ptrace(record, process)],
    ]);
  }

  of(record: Record, process: BpfProcess): Told {
    for (let index = 0; index < record.objects; index++)
      if (isByHandle(record.object(index))) return { unknown: UNNAMED };
    const decode = this.#decoders.get(record.operation);
    return decode
      ? decode(record, process)
      : { unknown: `no decoder for operation ${record.operation} of the BPF programs` };
  }
}
