/**
 * The two threads beside the main one. They may be started before their task is known: loading their code takes longer than the
 * whole rest of a start.
 */
import { endFilter } from "@isoline/linux";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { type ControlBlock, makeControlBlock } from "./control-block.ts";
import type { Crew, Launching } from "./crew.ts";
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

let haveBegun = false;

/** Whether any of these threads was started in this process. */
export function threadsHaveBegun(): boolean {
  return haveBegun;
}

/** Node starts no thread in a directory that has been removed. */
export function canStartThreads(): boolean {
  try {
    return process.cwd() !== "";
  } catch {
    return false;
  }
}

export class Threads implements Crew {
  readonly block: ControlBlock = makeControlBlock();
  readonly supervisor: Worker;
  /** The launching thread, and where it reports the outcome; a separate port, because the thread ends right after. */
  readonly launch: Launching;
  /** Requests to the supervising thread. */
  readonly requests: MessagePort;

  constructor() {
    const requests = new MessageChannel();
    const orders = new MessageChannel();
    const launched = new MessageChannel();
    this.requests = requests.port1;
    const { block } = this;
    this.supervisor = startSupervisor({ block, requests: requests.port2, launcher: orders.port1 });
    const launcher = startLauncher({ block, orders: orders.port2, outcome: launched.port2 });
    this.launch = { launcher, launched: launched.port1 };
  }

  /** Sends the task. The launching thread reads its part once the other is ready, so it is sent first. */
  begin(plan: Plan, launch: LaunchData): void {
    this.launch.launcher.postMessage(launch);
    this.supervisor.postMessage(plan);
  }
}

/** A supervising thread, which gets its plan by its first message. Beyond the limit of its heap, if there is one, it ends. */
export function startSupervisor(workerData: SuperviseThreadData, heapMegabytes?: number): Worker {
  const { requests, launcher, recorder } = workerData;
  haveBegun = true;
  const heap = heapMegabytes === undefined ? {} : { maxOldGenerationSizeMb: heapMegabytes };
  return new Worker(new URL("./supervise-thread.js", import.meta.url), {
    ...OWN_STREAMS,
    workerData,
    transferList: [requests, launcher, ...(recorder === undefined ? [] : [recorder])],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES, ...heap },
  });
}

/** A launching thread, which gets its task by its first message and its order. */
export function startLauncher(workerData: LaunchThreadData): Worker {
  const { orders, outcome } = workerData;
  haveBegun = true;
  const url = new URL("./launch-thread.js", import.meta.url);
  return new Worker(url, { ...OWN_STREAMS, workerData, transferList: [orders, outcome] }).on("exit", endFilter);
}
