/**
 * Supervising threads of the agent. One waits ahead of time, its code loaded, so that the next namespace need not wait for it. The
 * client that asks for the namespace starts its workload itself.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { cells, type ControlBlock, makeControlBlock, publish } from "../namespace/control-block.ts";
import type { Crew, Started, Supervisor } from "../namespace/crew.ts";
import type { LaunchOrder } from "../namespace/messages.ts";
import type { Plan } from "../namespace/plan.ts";
import { startSupervisor } from "../namespace/threads.ts";

export class ElsewhereCrew implements Crew {
  readonly block: ControlBlock = makeControlBlock();
  readonly supervisor: Supervisor;
  readonly requests: MessagePort;
  readonly launch: Promise<Started>;
  /** Called when the supervising thread is ready for the launch. */
  onOrder: (order: LaunchOrder) => void = () => {};
  #started: (started: Started) => void = () => {};
  #failed: (fault: Error) => void = () => {};

  constructor() {
    const requests = new MessageChannel();
    const orders = new MessageChannel();
    this.requests = requests.port1;
    this.supervisor = startSupervisor({
      block: this.block,
      requests: requests.port2,
      launcher: orders.port1,
    });
    this.launch = new Promise((resolve, reject) => {
      this.#started = resolve;
      this.#failed = reject;
    });
    // The launch may fail before anything waits for its outcome.
    this.launch.catch(() => {});
    orders.port2.on("message", (order: LaunchOrder) => {
      orders.port2.close();
      this.onOrder(order);
    });
    orders.port2.unref();
  }

  begin(plan: Plan): void {
    this.supervisor.postMessage(plan);
  }

  /** The listener of the workload's filter, among the descriptors of this process. */
  filtered(listener: number): void {
    publish(this.block, cells.listener, listener);
  }

  get isFiltered(): boolean {
    return Atomics.load(this.block, cells.listener) !== 0;
  }

  started(started: Omit<Started, "kind">): void {
    publish(this.block, cells.workload, started.pid);
    this.#started({ kind: "started", ...started });
  }

  /** Nothing was started, and nothing will be. */
  failed(fault: Error): void {
    this.#failed(fault);
    if (Atomics.load(this.block, cells.workload) === 0) publish(this.block, cells.workload, -1);
    if (!this.isFiltered) publish(this.block, cells.listener, -1);
  }
}

export class Crews {
  #spare: ElsewhereCrew | undefined;

  /** One whose threads may have been started ahead; the next one is started right after. */
  take(): ElsewhereCrew {
    const crew = this.#spare ?? new ElsewhereCrew();
    this.#spare = undefined;
    setImmediate(() => this.prepare());
    return crew;
  }

  prepare(): void {
    this.#spare ??= new ElsewhereCrew();
  }
}
