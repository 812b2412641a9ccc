/** Descriptors of the supervisor that are served between two calls, each with a function for when it is ready, and a deadline. */
import { poll } from "../../../abi/libc.ts";
import type { Attendant } from "./attendant.ts";

export const POLLIN = 1;
export const POLLOUT = 4;

export interface Watch {
  /** None, 0: then only the time is waited for. */
  readonly events: number;
  /** Called when the descriptor is ready, or has failed. */
  readonly ready: () => void;
  /** Called when it was not ready in time; it must end the watch or begin another. */
  readonly late?: { readonly after: number; readonly call: () => void };
}

interface Watched extends Watch {
  readonly until: number;
}

export class Watches implements Attendant {
  readonly #watched = new Map<number, Watched>();

  get count(): number {
    return this.#watched.size;
  }

  get patience(): number | undefined {
    const first = Array.from(this.#watched.values()).reduce((least, { until }) => Math.min(least, until), Infinity);
    return first === Infinity ? undefined : Math.max(0, Math.ceil(first - performance.now()));
  }

  /** Begins to watch a descriptor, or to watch it otherwise; `after` is in milliseconds from now. */
  watch(fd: number, watch: Watch): void {
    const until = watch.late === undefined ? Infinity : performance.now() + watch.late.after;
    this.#watched.set(fd, { ...watch, until });
  }

  end(fd: number): void {
    this.#watched.delete(fd);
  }

  describe(entries: Buffer, offset: number): void {
    let at = offset;
    for (const [fd, { events }] of this.#watched) {
      // Errors show without being asked for; an entry without a descriptor is passed over.
      entries.writeInt32LE(events === 0 ? -1 : fd, at);
      entries.writeInt32LE(events, at + 4);
      at += 8;
    }
  }

  attend(): void {
    const entries: Buffer = Buffer.alloc(8 * this.#watched.size);
    this.describe(entries, 0);
    const all = [...this.#watched];
    if (poll(entries, all.length, 0) < 0) return;
    const now = performance.now();
    all.forEach(([fd, watched], index) => {
      // An earlier one may have ended this one, whose number may be another file's by now.
      if (this.#watched.get(fd) !== watched) return;
      if (entries.readUInt16LE(8 * index + 6) !== 0) watched.ready();
      else if (now >= watched.until) watched.late?.call();
    });
  }
}
