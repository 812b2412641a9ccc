/**
 * Pushes the agent's metrics at intervals. The agent goes on whatever becomes of a push: each has a bounded time, there is never a second
 * one while one runs, and what failed is counted, and told once until a push is taken again.
 */
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { OtlpConfiguration } from "./configuration.ts";
import { metricDataOf } from "./metric-data.ts";
import { OtlpReceiver } from "./receiver.ts";

/** OpenTelemetry's own for a push. */
const PUSH_MS = 10_000;
/** A receiver that fails and recovers all the time is told of as often as this. */
const TELL_EVERY_MS = 60_000;

export class OtlpPush {
  readonly #receiver: OtlpReceiver;
  readonly #metrics: Metrics;
  readonly #log: Log;
  readonly #host: string;
  readonly #since = Date.now();
  readonly #timer: NodeJS.Timeout;
  readonly #ending = new AbortController();
  #runs = false;
  #failures = 0;
  #told = -TELL_EVERY_MS;
  #isTold = false;

  /** Begins; the first push is after one interval. */
  constructor(configuration: OtlpConfiguration, metrics: Metrics, log: Log) {
    this.#receiver = new OtlpReceiver(configuration);
    this.#metrics = metrics;
    this.#log = log;
    this.#host = configuration.url.host;
    this.#timer = setInterval(() => void this.#due(), configuration.seconds * 1000);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#ending.abort();
    this.#receiver.close();
  }

  async #due(): Promise<void> {
    if (this.#runs) return this.#metrics.pushed("left-out");
    this.#runs = true;
    try {
      await this.#push();
      this.#taken();
    } catch (fault) {
      this.#failed((fault as Error).message);
    } finally {
      this.#runs = false;
    }
  }

  async #push(): Promise<void> {
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(PUSH_MS)]);
    const data = metricDataOf(await this.#metrics.readings(), this.#since, Date.now());
    const body = ProtobufMetricsSerializer.serializeRequest(data);
    if (body !== undefined) await this.#receiver.take(body, signal);
  }

  #taken(): void {
    this.#metrics.pushed("taken");
    if (this.#isTold) this.#log.say("pushed", { receiver: this.#host, failed: this.#failures });
    this.#isTold = false;
    this.#failures = 0;
  }

  #failed(why: string): void {
    if (this.#ending.signal.aborted) return;
    this.#metrics.pushed("failed");
    this.#failures += 1;
    const now = performance.now();
    if (this.#isTold || now - this.#told < TELL_EVERY_MS) return;
    this.#isTold = true;
    this.#told = now;
    this.#log.say("warning", {
      why: `metrics are not taken by ${this.#host}: ${why}; the agent goes on, and isoline_agent_pushes_total counts; docs/agent.md`,
    });
  }
}
