/**
 * Who supervises a namespace of the agent, and how its launch is told of: the client that asks for the namespace starts its workload
 * itself.
 *
 * Several namespaces share a thread, where nothing of one can hold the others up for long: they enforce or watch a contour that is not
 * large, under the seccomp sensor. What learns, and what is under bpf has a thread of its own. What is recorded in a TPM shares threads
 * with its like only: so nothing waits for a TPM in which it is not recorded.
 */
import { EventEmitter } from "node:events";
import { statSync } from "node:fs";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { ringDoorbell, SharedDigests } from "@isoline/linux";
import { cells, type ControlBlock, makeControlBlock, publish } from "../namespace/control-block.ts";
import type { Crew, Started, Supervisor } from "../namespace/crew.ts";
import type { LaunchOrder } from "../namespace/messages.ts";
import type { Plan } from "../namespace/plan.ts";
import { closeListeners } from "../namespace/thread-watch.ts";
import { RecorderThreads } from "../register/recorder-threads.ts";
import { type Ends, ownThread, SharedThreads } from "./supervisors.ts";

/** A larger contour takes long to load, and much of a heap. */
const SHARED_CONTOUR_BYTES = 4 * 1024 * 1024;
/** Of a namespace that a stranger began: what it does decides what is kept. Beyond it the thread ends, and the namespace fails closed. */
const STRANGER_MEGABYTES = 256;

export class ElsewhereCrew implements Crew {
  readonly block: ControlBlock = makeControlBlock();
  readonly supervisor: Supervisor;
  readonly requests: MessagePort;
  readonly launch: Promise<Started>;
  /** Called when the supervising side is ready for the launch. */
  onOrder: (order: LaunchOrder) => void = () => {};
  readonly #orders: MessagePort;
  #started: (started: Started) => void = () => {};
  #failed: (fault: Error) => void = () => {};
  #stage: "none" | "supervised" | "failed" = "none";
  #over: Promise<void> = Promise.resolve();

  /** The supervising side is chosen when the plan is known; `shared` is the memory of the digests that all namespaces share. */
  constructor(supervisorOf: (ends: Ends, plan: Plan) => Supervisor, shared?: SharedArrayBuffer) {
    const requests = new MessageChannel();
    const orders = new MessageChannel();
    this.requests = requests.port1;
    this.#orders = orders.port2;
    const ends = { block: this.block, requests: requests.port2, launcher: orders.port1 };
    const events = new EventEmitter();
    this.supervisor = Object.assign(events, {
      postMessage: (plan: Plan) => {
        // Who asked for it is gone by now.
        if (this.#stage === "failed") return;
        const side = supervisorOf(ends, plan);
        this.#stage = "supervised";
        side.on("message", (message) => events.emit("message", message));
        side.on("error", (fault) => events.listenerCount("error") > 0 && events.emit("error", fault));
        side.on("exit", () => events.emit("exit"));
        this.#over = new Promise((resolve) => side.on("exit", resolve));
        side.postMessage({ ...plan, shared });
      },
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

  /**
   * Resolves when nothing supervises any more, or nothing did: a thread may go on for a while when its namespace has failed, and its place
   * is taken as long.
   */
  get over(): Promise<void> {
    return this.#over;
  }

  /** The listener of the workload's filter, among the descriptors of this process. */
  filtered(listener: number): void {
    publish(this.block, cells.listener, listener);
    // A thread that serves several looks for it now and then: it looks at once.
    const tid = Atomics.load(this.block, cells.supervisorTid);
    if (tid > 0) ringDoorbell(tid);
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
    if (this.#stage === "none") this.#discard();
  }

  /** It was never given a plan, so nothing else closes what it was made with. */
  #discard(): void {
    this.#stage = "failed";
    closeListeners(this.block);
    this.requests.close();
    this.#orders.close();
  }
}

/** For a namespace that a stranger began: in a thread of its own, where it holds nothing up but itself, and sharing no digests. */
export function crewForStranger(): ElsewhereCrew {
  return new ElsewhereCrew((ends) => ownThread(ends, STRANGER_MEGABYTES));
}

export class Crews {
  /** Undefined where they cannot be shared. */
  readonly digests: SharedDigests | undefined = SharedDigests.begin();
  readonly #shared: SharedThreads<Kind>;
  readonly #recorders = new RecorderThreads();
  readonly #shares: boolean;

  /** `threads` of each kind are shared; with 0, every namespace has a thread of its own. */
  constructor(threads: number) {
    this.#shares = threads > 0;
    this.#shared = new SharedThreads(threads);
  }

  /** For the next namespace. */
  take(): ElsewhereCrew {
    return new ElsewhereCrew((ends, plan) => {
      const all = { ...ends, recorder: plan.tpm && this.#recorders.connect(plan.tpm) };
      return this.#shares && mayShare(plan) ? this.#shared.seat(kindOf(plan), all) : ownThread(all);
    }, this.digests?.memory);
  }

  prepare(): void {
    this.#shared.prepare();
  }
}

/**
 * Who shares a thread, by what may have to wait there for a TPM: nothing; what is enforced, which waits apart from the thread; and what is
 * watched, of which departures go ahead, so that the thread waits until they are recorded.
 */
type Kind = "unrecorded" | "enforced" | "watched";

function kindOf({ tpm, mode }: Plan): Kind {
  if (tpm === undefined) return "unrecorded";
  return mode === "enforce" ? "enforced" : "watched";
}

function mayShare({ sensor, mode, contour, integrity, engine, asks }: Plan): boolean {
  if (sensor !== "seccomp" || mode === "learn" || contour === undefined) return false;
  if (integrity !== undefined || engine !== undefined || asks !== undefined) return false;
  const stat = statSync(contour, { throwIfNoEntry: false });
  return stat !== undefined && stat.size <= SHARED_CONTOUR_BYTES;
}
