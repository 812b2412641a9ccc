/** Counters and gauges, for Prometheus and over OTLP. No name of a node, tenant or person is in them. */
import type { PushOutcome } from "@isoline/attest/otlp";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Reading } from "../otlp/index.ts";

export interface Sizes {
  readonly owned: () => number;
  readonly watched: () => number;
  readonly readers: () => number;
  readonly logs: () => number;
  readonly slowest: () => number;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #appraisals: Counter<"state" | "news">;
  readonly #requests: Histogram<"status">;
  readonly #refusals: Counter<"code">;
  readonly #pushes: Counter<"outcome">;
  readonly #gone: Counter<"which">;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#appraisals = new Counter({
      name: "isoline_verifier_appraisals_total",
      help: "Evidence that was judged, by the node's state, and whether it was news that was written.",
      labelNames: ["state", "news"],
      registers,
    });
    this.#requests = new Histogram({
      name: "isoline_verifier_request_seconds",
      help: "Time to answer a request, by the status of the answer.",
      labelNames: ["status"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.#refusals = new Counter({
      name: "isoline_verifier_refusals_total",
      help: "Requests that were refused, by code.",
      labelNames: ["code"],
      registers,
    });
    this.#pushes = new Counter({
      name: "isoline_verifier_pushes_total",
      help: "Pushes of these metrics over OTLP: taken, failed, or left out because the one before still ran.",
      labelNames: ["outcome"],
      registers,
    });
    this.#gone = new Counter({
      name: "isoline_verifier_gone_nodes_total",
      help: "Nodes that this verifier took away: collected after their silence, or retired by people.",
      labelNames: ["which"],
      registers,
    });
  }

  /** Nodes that this verifier took away. */
  left(which: "collected" | "retired", nodes: number): void {
    this.#gone.inc({ which }, nodes);
  }

  /** Adds gauges of what is in memory. */
  watch({ owned, watched, readers, logs, slowest }: Sizes): void {
    this.#gauge("isoline_verifier_owned_nodes", "Nodes that this verifier owns.", owned);
    this.#gauge("isoline_verifier_watched_nodes", "Nodes that become stale without evidence.", watched);
    this.#gauge("isoline_verifier_readers", "Readers of changes that are connected.", readers);
    this.#gauge("isoline_verifier_due_seconds", "The longest interval that nodes of a tenant are told.", slowest);
    this.#gauge("isoline_verifier_kept_log_bytes", "Bytes of nodes' logs that are kept for deltas of evidence.", logs);
  }

  appraised(state: string, isNews: boolean): void {
    this.#appraisals.inc({ state, news: String(isNews) });
  }

  answered(status: number, seconds: number): void {
    this.#requests.observe({ status: String(status) }, seconds);
  }

  refused(code: string): void {
    this.#refusals.inc({ code });
  }

  pushed(outcome: PushOutcome): void {
    this.#pushes.inc({ outcome });
  }

  /** Every metric that `text` has. */
  async readings(): Promise<readonly Reading[]> {
    const metrics = await this.#registry.getMetricsAsJSON();
    // The library's types have numbers for the kinds of metrics. It has words.
    return metrics.map(({ name, help, type, values }) => ({ name, help, kind: String(type), values }));
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }
}
