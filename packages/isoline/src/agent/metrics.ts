/**
 * The metrics of the agent: one list, which Prometheus reads (metrics-server.ts) and which is pushed over OTLP (otlp/). Each reading asks
 * the supervising threads for their counters, which are those that evidence has.
 */
import type { PushOutcome } from "@isoline/attest/otlp";
import type { SharedDigests } from "@isoline/linux";
import { Counter, Gauge, Registry } from "prom-client";
import { within } from "../control/http.ts";
import type { CountedSnapshot } from "../namespace/live.ts";
import type { Loss } from "../namespace/report.ts";
import { countersOf } from "../namespace/standing.ts";
import type { Hosted, Hosting } from "./hosted.ts";

/** A thread that does not answer in this time is told of as one that does not. */
const ANSWER_MS = 2000;
/** Reasons of losses, of each namespace; what was lost for others is told together. */
const MOST_REASONS = 20;
const FURTHER = "for further reasons";

const LABELS = ["namespace", "contour", "mode", "sensor"] as const;
const COUNTED: Readonly<Record<string, readonly [help: string, of: (snapshot: CountedSnapshot) => number]>> = {
  events: ["events that were decided", ({ events }) => events],
  points: ["points of the contour", ({ points }) => points],
  novel: ["points that this run has added", ({ novel }) => novel],
  attempts: ["what the kernel refused by itself", ({ attempts }) => attempts],
  off: ["events off contour, which evidence has as departures", (snapshot) => countersOf(snapshot).departures],
  refused: ["events that were refused", ({ refused }) => refused],
  lost: ["events that could not be observed, for whatever reason", (snapshot) => countersOf(snapshot).lost],
  untrusted: [
    "processes that lost their trust or were born without it, also those that have ended",
    (snapshot) => countersOf(snapshot).untrusted,
  ],
  processes: ["processes that live", ({ processes }) => processes],
  untrusted_processes: ["processes that live and are not trusted", ({ untrusted }) => untrusted],
};

/** A counter or a gauge, with its values by label. */
export interface Reading {
  readonly name: string;
  readonly help: string;
  readonly isCounter: boolean;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number | undefined>>;
  }[];
}

export class Metrics {
  readonly #hosting: Hosting;
  readonly #registry = new Registry();
  readonly #ended: Counter<"verdict">;
  readonly #pushes: Counter<"outcome">;
  #gathering: Promise<void> | undefined;

  constructor(hosting: Hosting, digests: SharedDigests | undefined) {
    this.#hosting = hosting;
    const registers = [this.#registry];
    this.#ended = new Counter({
      name: "isoline_agent_ended_total",
      help: "namespaces that have ended, by verdict",
      labelNames: ["verdict"],
      registers,
    });
    this.#pushes = new Counter({
      name: "isoline_agent_pushes_total",
      help: "pushes of these metrics over OTLP: taken, failed, or left out because the one before still ran",
      labelNames: ["outcome"],
      registers,
    });
    new Gauge({
      name: "isoline_agent_namespaces",
      help: "namespaces that are supervised",
      registers,
      collect() {
        this.set(hosting.live.size);
      },
    });
    new Gauge({
      name: "isoline_agent_resident_bytes",
      help: "resident memory of the agent",
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
    tellOfDigests(digests, registers);
    for (const [name, [help]] of Object.entries(COUNTED))
      new Gauge({ name: `isoline_namespace_${name}`, help, labelNames: LABELS, registers });
    new Gauge({
      name: "isoline_namespace_incomplete",
      help: "what could not be observed, by reason",
      labelNames: [...LABELS, "reason"],
      registers,
    });
    new Gauge({
      name: "isoline_namespace_answers",
      help: "1 if its supervising thread answered this reading, 0 if it did not",
      labelNames: LABELS,
      registers,
    });
  }

  ended(verdict: string): void {
    this.#ended.inc({ verdict });
  }

  pushed(outcome: PushOutcome): void {
    this.#pushes.inc({ outcome });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In Prometheus' text form. */
  async text(): Promise<string> {
    await this.#gather();
    return this.#registry.metrics();
  }

  /** Every counter and gauge. */
  async readings(): Promise<readonly Reading[]> {
    await this.#gather();
    const metrics = await this.#registry.getMetricsAsJSON();
    // The library's types have numbers for the kinds of metrics. It has words.
    return metrics.map(({ name, help, type, values }) => ({
      name,
      help,
      isCounter: String(type) === "counter",
      values,
    }));
  }

  /** A reading that begins while the threads are asked shares their answers: a second one would clear what the first has. */
  #gather(): Promise<void> {
    this.#gathering ??= this.#ask().finally(() => {
      this.#gathering = undefined;
    });
    return this.#gathering;
  }

  async #ask(): Promise<void> {
    for (const name of [...Object.keys(COUNTED), "incomplete", "answers"]) this.#gauge(name).reset();
    await Promise.all(Array.from(this.#hosting.live, (hosted) => this.#collect(hosted)));
  }

  async #collect({ name, contour, mode, sensor, namespace }: Hosted): Promise<void> {
    const labels = { namespace: name, contour, mode, sensor };
    const snapshot = await within(ANSWER_MS, namespace.ask({ ask: "snapshot" }));
    this.#gauge("answers").set(labels, snapshot === undefined ? 0 : 1);
    if (snapshot === undefined) return;
    for (const [counted, [, of]] of Object.entries(COUNTED)) this.#gauge(counted).set(labels, of(snapshot));
    for (const { reason, count } of told(snapshot.incomplete))
      this.#gauge("incomplete").set({ ...labels, reason }, count);
  }

  #gauge(name: string): Gauge {
    return this.#registry.getSingleMetric(`isoline_namespace_${name}`) as Gauge;
  }
}

/** Nothing that was lost is left out. */
function told(losses: readonly Loss[]): readonly Loss[] {
  const others = losses.slice(MOST_REASONS).reduce((sum, { count }) => sum + count, 0);
  const first = losses.slice(0, MOST_REASONS);
  return others === 0 ? first : [...first, { reason: FURTHER, count: others }];
}

/** What namespaces share of the digests of files. */
function tellOfDigests(digests: SharedDigests | undefined, registers: Registry[]): void {
  new Gauge({
    name: "isoline_agent_digests",
    help: "digests of files that one namespace kept for the others, and that were found among these",
    labelNames: ["what"],
    registers,
    collect() {
      const { kept, found } = digests?.counts ?? { kept: 0, found: 0 };
      this.set({ what: "kept" }, kept);
      this.set({ what: "found" }, found);
    },
  });
  new Gauge({
    name: "isoline_agent_digests_shared",
    help: "1 if namespaces share digests, 0 if each hashes for itself",
    registers,
    collect() {
      this.set(digests === undefined ? 0 : 1);
    },
  });
}
