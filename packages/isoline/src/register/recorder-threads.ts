/** The threads that record the namespaces of this process: one for each TPM. */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { TpmPlan } from "./plan.ts";
import type { RecorderThreadData, ToBeRecorded } from "./recorder-thread.ts";

const PATIENCE_MS = 2000;
/** Nearly everything that it makes for a record is garbage when the next one comes. */
const YOUNG_MEGABYTES = 2;

export class RecorderThreads {
  readonly #threads = new Map<string, Worker>();

  /** Where a namespace begins (`Recorder.begin`), and tells what happens in it. To be given to its supervising thread. */
  connect(plan: TpmPlan): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#threadOf(plan).postMessage({ plan, port: port2 } satisfies ToBeRecorded, [port2]);
    return port1;
  }

  /** One that was lost leaves what it recorded shut; the next namespace has another. */
  #threadOf({ address }: TpmPlan): Worker {
    const running = this.#threads.get(address);
    if (running !== undefined) return running;
    const started = new Worker(new URL("./recorder-thread.js", import.meta.url), {
      stdout: true,
      stderr: true,
      workerData: { patienceMs: PATIENCE_MS } satisfies RecorderThreadData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
    });
    const forget = () => this.#threads.get(address) === started && this.#threads.delete(address);
    started.on("error", forget);
    started.on("exit", forget);
    // Its first message comes with the first namespace, and it is not waited for at the end of the process.
    started.unref();
    this.#threads.set(address, started);
    return started;
  }
}
