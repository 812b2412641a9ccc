/**
 * Looks whether the supervising thread is still there. A thread that ends by a call of its own, by whatever hand, is told to nothing: the
 * runtime only learns of it when it waits for the thread, and the listener stays open in the process, so that the workload would
 * wait for good.
 */
import { closeSync, existsSync } from "node:fs";
import { cells, type ControlBlock } from "./control-block.ts";

const LOOK_EVERY_MS = 500;

export class ThreadWatch {
  readonly #block: ControlBlock;
  readonly #timer: NodeJS.Timeout;
  #isMissed = false;

  /** `gone` is called once, if it comes to that. */
  constructor(block: ControlBlock, gone: () => void) {
    this.#block = block;
    this.#timer = setInterval(() => this.#look(gone), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(gone: () => void): void {
    const tid = Atomics.load(this.#block, cells.supervisorTid);
    if (tid === 0 || existsSync(`/proc/self/task/${tid}`)) return;
    // The last that it said may be heard only after this look.
    if (this.#isMissed) {
      this.stop();
      gone();
    }
    this.#isMissed = true;
  }
}

/** Has every mediated call fail from now on: nothing else closes what the thread left open. */
export function closeListener(block: ControlBlock): void {
  const listener = Atomics.load(block, cells.listener);
  if (listener > 0) closeSync(listener);
}
