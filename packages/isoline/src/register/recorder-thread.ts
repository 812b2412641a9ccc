/**
 * The thread that owns the way to a TPM, for every namespace of its process that is recorded there. It does one thing at a time, so that
 * it waits for the lock of a ledger only while it has none. Namespaces take turns: one whose workload departs all the time delays a record
 * of another by one of its own. One whose record fails waits for its next attempt, and the others go on.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { HostRegisters } from "./host-registers.ts";
import type { TpmPlan } from "./plan.ts";
import { RecordedNamespace } from "./recorded-namespace.ts";

export interface RecorderThreadData {
  /** For one answer of the TPM, and for the turn among those who use it. */
  readonly patienceMs: number;
}

/** A further namespace, and where its orders come from. */
export interface ToBeRecorded {
  readonly plan: TpmPlan;
  readonly port: MessagePort;
}

const { patienceMs } = workerData as RecorderThreadData;
/** In the order of their turns. */
const namespaces = new Set<RecordedNamespace>();
const registers = new Map<string, HostRegisters>();
let isRunning = false;
let timer: NodeJS.Timeout | undefined;

parentPort?.on("message", ({ plan, port }: ToBeRecorded) => {
  namespaces.add(new RecordedNamespace(plan, port, () => void run()));
});

async function run(): Promise<void> {
  if (isRunning) return;
  isRunning = true;
  clearTimeout(timer);
  for (let next = due(); next !== undefined; next = due()) {
    // The others have their turns first.
    namespaces.delete(next);
    namespaces.add(next);
    await next.proceed(registersOf);
  }
  for (const each of namespaces) if (each.isOver) leave(each);
  const waits = [...namespaces].flatMap(({ wait }) => (wait === undefined ? [] : [wait]));
  if (waits.length > 0) timer = setTimeout(() => void run(), Math.min(...waits));
  isRunning = false;
}

function due(): RecordedNamespace | undefined {
  for (const each of namespaces) if (each.wait === 0) return each;
  return undefined;
}

/** The registers and the ledger of this boot: a TPM that was reset since has another ledger. */
async function registersOf(plan: TpmPlan): Promise<HostRegisters> {
  const place = JSON.stringify([plan.address, plan.ledger, plan.pcr]);
  const known = registers.get(place);
  if (known !== undefined && (await known.isCurrent())) return known;
  const opened = new HostRegisters(plan, patienceMs);
  registers.set(place, opened);
  return opened;
}

/** The ledger is closed with its last namespace. */
function leave(namespace: RecordedNamespace): void {
  namespaces.delete(namespace);
  namespace.close();
  const { registers: used } = namespace;
  if (used === undefined || [...namespaces].some((other) => other.registers === used)) return;
  for (const [place, known] of registers) if (known === used) registers.delete(place);
  used.close();
}
