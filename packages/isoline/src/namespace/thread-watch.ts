/**
 * Watches whether the supervising thread still exists. If a thread ends by a direct system call, the runtime is not notified:
 * it learns of the end only when it joins the thread. The listener stays open in the process, so the workload would wait for
 * ever.
 */
import { closeSync, existsSync } from "node:fs";
import { cells, type ControlBlock, takeListeners } from "./control-block.ts";

const LOOK_EVERY_MS = 500;

export class ThreadWatch {
  readonly #block: ControlBlock;
  readonly #timer: NodeJS.Timeout;
  #isMissed = false;

  /** `gone` is called once, if the thread has ended. */
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
    // Its last message may arrive only after this check.
    if (this.#isMissed) {
      this.stop();
      gone();
    }
    this.#isMissed = true;
  }
}

/** Makes every mediated call fail from now on: nothing else closes what the thread left open. */
export function closeListeners(block: ControlBlock): void {
  for (const listener of takeListeners(block)) closeSync(listener);
}
