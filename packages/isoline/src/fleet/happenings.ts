/**
 * Whether something happened on this node that a verifier is to know at once: a record in the ledger (a birth, a first departure, a loss,
 * an end), a departure in a journal, a control socket that came, went or was touched. The kernel tells of it (inotify); nothing is polled.
 *
 * A workload decides how much happens, so its verifier is not told more often than each second at first, and each ten at the most.
 */
import { type FSWatcher, mkdirSync, watch } from "node:fs";
import { openBegunDirectory, openControlDirectory, openKeptDirectory } from "../control/place.ts";

/** What belongs together comes together. */
const SETTLING_MS = 30;
const FIRST_GAP_MS = 1000;
const MOST_GAP_MS = 10_000;
/** After this long without anything the gap is short again. */
const QUIET_MS = 30_000;

export class Happenings {
  readonly #watchers: FSWatcher[] = [];
  #happened = false;
  #wake: (() => void) | undefined;
  #gap = FIRST_GAP_MS;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** `ledgers` is the directory of the ledgers; undefined where there is no TPM. */
  constructor(ledgers: string | undefined) {
    const places = [openControlDirectory(), openKeptDirectory(), openBegunDirectory()];
    if (ledgers !== undefined) {
      mkdirSync(ledgers, { recursive: true, mode: 0o700 });
      places.push(ledgers);
    }
    try {
      for (const place of places) this.#watchers.push(watch(place, { persistent: false }, () => this.#note()));
    } catch (fault) {
      this.close();
      throw fault;
    }
  }

  /** Waits until something happened and may be told, or so many milliseconds. True if something happened. */
  async next(ms: number, signal: AbortSignal): Promise<boolean> {
    const until = performance.now() + ms;
    await this.#waits(until, signal);
    if (!this.#happened || signal.aborted) return false;
    const at = Math.max(performance.now() + SETTLING_MS, this.#lastAt + this.#gap);
    await this.#sleeps(Math.min(at, Math.max(until, performance.now())) - performance.now(), signal);
    if (performance.now() < at && performance.now() < until) return false;
    const quiet = performance.now() - this.#lastAt > QUIET_MS;
    this.#gap = quiet ? FIRST_GAP_MS : Math.min(MOST_GAP_MS, this.#gap * 2);
    this.#lastAt = performance.now();
    this.#happened = false;
    return true;
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  #note(): void {
    this.#happened = true;
    this.#wake?.();
  }

  #waits(until: number, signal: AbortSignal): Promise<void> {
    if (this.#happened) return Promise.resolve();
    return this.#sleeps(until - performance.now(), signal, (wake) => {
      this.#wake = wake;
    });
  }

  #sleeps(ms: number, signal: AbortSignal, wakes: (wake: () => void) => void = () => {}): Promise<void> {
    if (signal.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const over = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", over);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(over, ms);
      signal.addEventListener("abort", over);
      wakes(over);
    });
  }
}
