/**
 * Pushes metrics at intervals. The program goes on whatever becomes of a push: each has a bounded time, there is never a second one while
 * one runs, and what failed is counted, and told once until a push is taken again.
 */
import { OtlpReceiver, type OtlpTarget } from "./receiver.ts";

/** OpenTelemetry's own for a push. */
const PUSH_MS = 10_000;
/** A receiver that fails and recovers all the time is told of as often as this. */
const TELL_EVERY_MS = 60_000;

/** What became of a push. */
export type PushOutcome = "taken" | "failed" | "left-out";

export interface Pushing {
  /** From one push to the next. */
  readonly seconds: number;
  /** An `ExportMetricsServiceRequest` in its binary form; undefined: there is nothing to push. */
  readonly body: () => Promise<Uint8Array | undefined>;
  readonly counted: (outcome: PushOutcome) => void;
  /** Told when pushes begin to fail. */
  readonly failing: (why: string) => void;
  /** Told when a push is taken after `failing`, with the number of those that were not. */
  readonly recovered: (failures: number) => void;
}

export class OtlpPush {
  readonly #receiver: OtlpReceiver;
  readonly #pushing: Pushing;
  readonly #timer: NodeJS.Timeout;
  /**
   * Of the push that runs. Not AbortSignal.any with one signal for all pushes: that one keeps an entry of each signal that was ever made
   * of it (Node 20.20: 5 000 of them after 5 000 pushes, none alive).
   */
  #running: AbortController | undefined;
  #isClosed = false;
  #failures = 0;
  #told = -TELL_EVERY_MS;
  #isTold = false;

  /** Begins; the first push is after one interval. */
  constructor(target: OtlpTarget, pushing: Pushing) {
    this.#receiver = new OtlpReceiver(target);
    this.#pushing = pushing;
    this.#timer = setInterval(() => void this.#due(), pushing.seconds * 1000);
    this.#timer.unref();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#running?.abort();
    this.#receiver.close();
  }

  async #due(): Promise<void> {
    if (this.#running !== undefined) return this.#pushing.counted("left-out");
    const running = new AbortController();
    this.#running = running;
    const late = setTimeout(() => running.abort(), PUSH_MS);
    late.unref();
    try {
      const body = await this.#pushing.body();
      if (body !== undefined) await this.#receiver.take(body, running.signal);
      this.#taken();
    } catch (fault) {
      this.#failed((fault as Error).message);
    } finally {
      clearTimeout(late);
      this.#running = undefined;
    }
  }

  #taken(): void {
    this.#pushing.counted("taken");
    if (this.#isTold) this.#pushing.recovered(this.#failures);
    this.#isTold = false;
    this.#failures = 0;
  }

  #failed(why: string): void {
    if (this.#isClosed) return;
    this.#pushing.counted("failed");
    this.#failures += 1;
    const now = performance.now();
    if (this.#isTold || now - this.#told < TELL_EVERY_MS) return;
    this.#isTold = true;
    this.#told = now;
    this.#pushing.failing(why);
  }
}
