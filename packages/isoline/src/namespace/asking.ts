/** The main thread's end of the requests to a supervising thread, which answers them between two calls of the workload. */
import type { MessagePort } from "node:worker_threads";
import { ringDoorbell } from "@isoline/linux";
import { cells, type ControlBlock } from "./control-block.ts";
import type { Envelope, Reply, Request } from "./requests.ts";

const RING_EVERY_MS = 2;

export class Asking {
  readonly #block: ControlBlock;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (reply: Reply<Request> | undefined) => void>();
  #next = 1;
  #isOver = false;
  /** Rings for all that wait: a thread that is busy for long may be asked very often meanwhile. */
  #bell: NodeJS.Timeout | undefined;

  constructor(block: ControlBlock, port: MessagePort) {
    this.#block = block;
    this.#port = port;
  }

  /** Undefined if the namespace has ended, or ends before it answers. */
  async ask<R extends Request>(request: R): Promise<Reply<R> | undefined> {
    if (this.#isOver) return undefined;
    const id = this.#next++;
    const reply = new Promise<Reply<Request> | undefined>((resolve) => this.#waiting.set(id, resolve));
    this.#port.postMessage({ id, request } satisfies Envelope);
    Atomics.add(this.#block, cells.rung, 1);
    this.#ring();
    this.#bell ??= setInterval(() => this.#ring(), RING_EVERY_MS);
    // A number belongs to one request, so a message with that number is the reply to it.
    return (await reply) as Reply<R> | undefined;
  }

  heard(id: number, reply: Reply<Request> | undefined): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#silence();
  }

  /** From now on no request is answered. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
    this.#silence();
    this.#port.close();
  }

  #silence(): void {
    clearInterval(this.#bell);
    this.#bell = undefined;
  }

  #ring(): void {
    const tid = Atomics.load(this.#block, cells.supervisorTid);
    if (tid !== 0 && Atomics.load(this.#block, cells.answered) !== Atomics.load(this.#block, cells.rung))
      ringDoorbell(tid);
  }
}
