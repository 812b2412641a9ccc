/**
 * The two threads beside the main one. They may be started before their task is known: loading their code takes longer than the
 * whole rest of a start.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { type ControlBlock, makeControlBlock } from "./control-block.ts";
import type { LaunchData, LaunchThreadData } from "./launch-thread.ts";
import type { Plan } from "./plan.ts";
import type { SuperviseThreadData } from "./supervise-thread.ts";

/**
 * Otherwise Node pipes a thread's output to `process.stdout`, whose creation makes the pipe behind it non-blocking, for the
 * workload too.
 */
const OWN_STREAMS = { stdout: true, stderr: true } as const;
/**
 * For the supervising thread, where nearly everything allocated for an event is garbage when the next one comes. V8 would let
 * the young generation grow to 48 MB; with this limit it decides as fast about new events.
 */
const YOUNG_MEGABYTES = 6;

/** Node starts no thread in a directory that has been removed. */
export function canStartThreads(): boolean {
  try {
    return process.cwd() !== "";
  } catch {
    return false;
  }
}

export class Threads {
  readonly block: ControlBlock = makeControlBlock();
  readonly supervisor: Worker;
  readonly launcher: Worker;
  /** Requests to the supervising thread. */
  readonly requests: MessagePort;
  /** Where the launching thread reports the outcome; a separate port, because the thread ends right after. */
  readonly launched: MessagePort;

  constructor() {
    const requests = new MessageChannel();
    const orders = new MessageChannel();
    const launched = new MessageChannel();
    this.requests = requests.port1;
    this.launched = launched.port1;
    const { block } = this;
    this.supervisor = new Worker(new URL("./supervise-thread.js", import.meta.url), {
      ...OWN_STREAMS,
      workerData: { block, requests: requests.port2, launcher: orders.port1 } satisfies SuperviseThreadData,
      transferList: [requests.port2, orders.port1],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
    });
    this.launcher = startLauncher({ block, orders: orders.port2, outcome: launched.port2 });
  }

  /** Sends the task. The launching thread reads its part once the other is ready, so it is sent first. */
  begin(plan: Plan, launch: LaunchData): void {
    this.launcher.postMessage(launch);
    this.supervisor.postMessage(plan);
  }
}

/** A launching thread, which gets its task by its first message and its order. */
export function startLauncher(workerData: LaunchThreadData): Worker {
  const { orders, outcome } = workerData;
  const url = new URL("./launch-thread.js", import.meta.url);
  return new Worker(url, { ...OWN_STREAMS, workerData, transferList: [orders, outcome] });
}
