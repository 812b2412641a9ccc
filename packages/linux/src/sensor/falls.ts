/** Tells of each process that loses its trust, or is born without it: the engine knows it by its handle only. */
import type { EnginePort } from "@isoline/core/engine";
import type { ActingProcess } from "./acting.ts";

export class Falls {
  readonly #acting = new Map<number, ActingProcess>();

  constructor(trust: EnginePort["trust"], onUntrusted: (process: ActingProcess) => void) {
    trust.onFall = (handle) => {
      const process = this.#acting.get(handle);
      if (process !== undefined) onUntrusted(process);
    };
  }

  born(process: ActingProcess): void {
    this.#acting.set(process.handle, process);
  }

  died({ handle }: ActingProcess): void {
    this.#acting.delete(handle);
  }
}
