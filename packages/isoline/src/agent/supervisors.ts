/** The supervising side of a namespace at the agent: a thread of its own, or a seat in a thread that serves several. */
import { EventEmitter } from "node:events";
import { existsSync } from "node:fs";
import type { MessagePort } from "node:worker_threads";
import { Worker } from "node:worker_threads";
import { ringDoorbell } from "@isoline/linux";
import { cells, type ControlBlock } from "../namespace/control-block.ts";
import type { Supervisor } from "../namespace/crew.ts";
import type { SupervisorMessage } from "../namespace/messages.ts";
import type { Plan } from "../namespace/plan.ts";
import type { FromSharedThread, Seating } from "../namespace/shared-thread.ts";
import { closeListeners } from "../namespace/thread-watch.ts";
import { startSupervisor } from "../namespace/threads.ts";

/** What a supervising side shares with the main thread. */
export interface Ends {
  readonly block: ControlBlock;
  readonly requests: MessagePort;
  readonly launcher: MessagePort;
  /** Of what is recorded in a TPM: leads to the thread that does so. */
  readonly recorder?: MessagePort | undefined;
}

const RING_EVERY_MS = 2;
/** The next thread is started this long after a namespace took the last: its start would slow down that of the namespace. */
const NEXT_AFTER_MS = 1000;
/** For the objects of a thread, of one namespace or of all that share it: beyond it the thread ends, and they fail closed. */
const HEAP_MEGABYTES = 1024;
const YOUNG_MEGABYTES = 6;

/**
 * A thread of its own. Where it fails, its listeners are closed, so that mediated calls of what is left fail instead of waiting for an
 * agent that goes on.
 */
export function ownThread(ends: Ends, heapMegabytes = HEAP_MEGABYTES): Supervisor {
  const worker = startSupervisor(ends, heapMegabytes);
  const close = () => closeListeners(ends.block);
  worker.on("message", ({ kind }: SupervisorMessage) => kind === "failed" && close());
  worker.on("error", close);
  worker.on("exit", close);
  return worker;
}

/** One that serves several namespaces. */
export class SharedThread {
  readonly #worker: Worker;
  readonly #seats = new Map<number, { readonly ends: Ends; readonly events: EventEmitter }>();
  #tid = 0;
  #next = 1;
  #isOver = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#worker.on("message", (message: FromSharedThread) => this.#hear(message));
    this.#worker.on("error", (fault) => this.#lost("error", fault));
    this.#worker.on("exit", () => this.#lost("exit", undefined));
  }

  get namespaces(): number {
    return this.#seats.size;
  }

  /** Of a thread that ended by a direct system call the runtime does not learn (`ThreadWatch`). */
  get isOver(): boolean {
    if (this.#tid !== 0 && !existsSync(`/proc/self/task/${this.#tid}`)) this.#lost("exit", undefined);
    return this.#isOver;
  }

  seat(ends: Ends): Supervisor {
    const number = this.#next++;
    const events = new EventEmitter();
    this.#seats.set(number, { ends, events });
    return Object.assign(events, { postMessage: (plan: Plan) => this.#open(number, ends, plan) });
  }

  /** Has the thread open a seat for a plan. */
  #open(seat: number, ends: Ends, plan: Plan): void {
    const { block, requests, launcher, recorder } = ends;
    const transferred = [requests, launcher, ...(recorder === undefined ? [] : [recorder])];
    this.#worker.postMessage({ seat, ...ends, plan } satisfies Seating, transferred);
    // It may be waiting in the kernel: it is rung until it has taken this.
    if (this.#tid !== 0) ringDoorbell(this.#tid);
    const bell = setInterval(() => {
      if (this.#isOver || Atomics.load(block, cells.supervisorTid) !== 0) clearInterval(bell);
      else if (this.#tid !== 0) ringDoorbell(this.#tid);
    }, RING_EVERY_MS);
  }

  #hear(message: FromSharedThread): void {
    if ("tid" in message) this.#tid = message.tid;
    else if ("left" in message) this.#left(message.seat);
    else this.#seats.get(message.seat)?.events.emit("message", message.message);
  }

  #left(number: number): void {
    const seat = this.#seats.get(number);
    this.#seats.delete(number);
    seat?.events.emit("exit");
  }

  /** The thread is gone: every namespace that it served fails closed. */
  #lost(event: "error" | "exit", fault: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { ends, events } of this.#seats.values()) {
      closeListeners(ends.block);
      if (event === "error" && events.listenerCount(event) > 0) events.emit(event, fault);
      events.emit("exit");
    }
    this.#seats.clear();
  }
}

/**
 * Threads that serve several namespaces each, all of one kind; the next one has its place where the fewest of its kind are. A thread that
 * serves none is for any kind.
 */
export class SharedThreads<Kind extends string> {
  readonly #most: number;
  readonly #start: () => Worker;
  readonly #threads = new Map<SharedThread, Kind | undefined>();
  #next: NodeJS.Timeout | undefined;

  /** `most` threads of each kind are started, as they are needed. */
  constructor(most: number, start: () => Worker = startSharedThread) {
    this.#most = most;
    this.#start = start;
  }

  /** Starts one ahead, if none is free: loading its code takes longest. */
  prepare(): void {
    if (this.#most > 0 && this.#free() === undefined) this.#threads.set(new SharedThread(this.#start()), undefined);
  }

  seat(kind: Kind, ends: Ends): Supervisor {
    clearTimeout(this.#next);
    const thread = this.#fewest(kind);
    this.#threads.set(thread, kind);
    const seat = thread.seat(ends);
    if (this.#of(kind).length < this.#most) this.#next = setTimeout(() => this.prepare(), NEXT_AFTER_MS).unref();
    return seat;
  }

  #fewest(kind: Kind): SharedThread {
    const own = this.#of(kind);
    const [fewest] = own.toSorted((one, other) => one.namespaces - other.namespaces);
    return fewest !== undefined && own.length >= this.#most
      ? fewest
      : (this.#free() ?? new SharedThread(this.#start()));
  }

  /** Those that serve namespaces of a kind. */
  #of(kind: Kind): SharedThread[] {
    return this.#living.filter((thread) => this.#threads.get(thread) === kind && thread.namespaces > 0);
  }

  #free(): SharedThread | undefined {
    return this.#living.find(({ namespaces }) => namespaces === 0);
  }

  get #living(): SharedThread[] {
    for (const thread of this.#threads.keys()) if (thread.isOver) this.#threads.delete(thread);
    return [...this.#threads.keys()];
  }
}

function startSharedThread(): Worker {
  return new Worker(new URL("./shared-thread.js", import.meta.url), {
    stdout: true,
    stderr: true,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES, maxOldGenerationSizeMb: HEAP_MEGABYTES },
  });
}
