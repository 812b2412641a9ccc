/**
 * Metrics of the agent for Prometheus, and `/healthz`: HTTP on a Unix socket for root, or on a port of this machine alone. A scrape asks
 * each supervising thread for its counters, which are those that evidence has.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import type { SharedDigests } from "@isoline/linux";
import { Counter, Gauge, Registry } from "prom-client";
import { later, refusal, send } from "../control/http.ts";
import { CliError } from "../error.ts";
import type { Snapshot } from "../namespace/live.ts";
import type { MetricsAddress } from "./configuration.ts";
import type { Hosted, Hosting } from "./hosted.ts";

/** A thread that does not answer in this time is told of as one that does not. */
const ANSWER_MS = 2000;
/** Reasons of losses, of each namespace. */
const MOST_REASONS = 20;
const LIMITS = { maxHeaderSize: 4096, headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 2000 } as const;
const MOST_CONNECTIONS = 16;

const LABELS = ["namespace", "contour", "mode", "sensor"] as const;
const COUNTED: Readonly<Record<string, readonly [help: string, of: (snapshot: Snapshot) => number]>> = {
  events: ["events that were decided", ({ events }) => events],
  points: ["points of the contour", ({ points }) => points],
  novel: ["points that this run has added", ({ novel }) => novel],
  attempts: ["what the kernel refused by itself", ({ attempts }) => attempts],
  off: ["events off contour", ({ off }) => off],
  refused: ["events that were refused", ({ refused }) => refused],
  processes: ["processes that live", ({ processes }) => processes.length],
  untrusted_processes: [
    "processes that are not trusted",
    ({ processes }) => processes.filter((each) => !each.trusted).length,
  ],
};

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

export class Metrics {
  readonly #hosting: Hosting;
  readonly #registry = new Registry();
  readonly #ended: Counter<"verdict">;
  #server: Server | undefined;
  #path: string | undefined;

  private constructor(hosting: Hosting, digests: SharedDigests | undefined) {
    this.#hosting = hosting;
    const registers = [this.#registry];
    this.#ended = new Counter({
      name: "isoline_agent_ended_total",
      help: "namespaces that have ended, by verdict",
      labelNames: ["verdict"],
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
      help: "1 if its supervising thread answered this scrape, 0 if it did not",
      labelNames: LABELS,
      registers,
    });
  }

  /** Serves them; throws `cannot-write` where it cannot listen. */
  static async serve(address: MetricsAddress, hosting: Hosting, digests: SharedDigests | undefined): Promise<Metrics> {
    const metrics = new Metrics(hosting, digests);
    await metrics.#listen(address);
    return metrics;
  }

  ended(verdict: string): void {
    this.#ended.inc({ verdict });
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
  }

  async #listen(address: MetricsAddress): Promise<void> {
    const server = createServer(LIMITS, (request, response) => void this.#answer(request.url ?? "", response));
    server.maxConnections = MOST_CONNECTIONS;
    server.on("clientError", (_fault, socket) => socket.destroy());
    this.#server = server;
    if (address.kind === "unix") {
      mkdirSync(dirname(address.path), { recursive: true, mode: 0o700 });
      rmSync(address.path, { force: true });
      this.#path = address.path;
    }
    await new Promise<void>((resolve, reject) => {
      server.once("error", (fault) =>
        reject(new CliError("cannot-write", `metrics cannot be served: ${fault.message}`, { cause: fault })),
      );
      if (address.kind === "unix") server.listen(address.path, resolve);
      else server.listen(address.port, address.host, resolve);
    });
    if (address.kind === "unix") chmodSync(address.path, 0o600);
    server.on("error", () => {});
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    if (url === "/healthz")
      return send(response, { status: 200, body: { status: "ok", namespaces: this.#hosting.live.size } });
    if (url !== "/metrics") return send(response, refusal(404, "usage", "expected /metrics or /healthz"));
    try {
      const text = await this.#scrape();
      response.writeHead(200, {
        "content-type": this.#registry.contentType,
        "content-length": Buffer.byteLength(text),
      });
      response.end(text);
    } catch {
      send(response, refusal(500, "namespace-lost", "the metrics cannot be collected"));
    }
  }

  async #scrape(): Promise<string> {
    for (const name of [...Object.keys(COUNTED), "incomplete", "answers"]) this.#gauge(name).reset();
    await Promise.all(Array.from(this.#hosting.live, (hosted) => this.#collect(hosted)));
    return this.#registry.metrics();
  }

  async #collect({ name, contour, mode, sensor, namespace }: Hosted): Promise<void> {
    const labels = { namespace: name, contour, mode, sensor };
    const snapshot = await Promise.race([namespace.ask({ ask: "snapshot" }), later(ANSWER_MS)]);
    this.#gauge("answers").set(labels, snapshot === undefined ? 0 : 1);
    if (snapshot === undefined) return;
    for (const [counted, [, of]] of Object.entries(COUNTED)) this.#gauge(counted).set(labels, of(snapshot));
    for (const { reason, count } of snapshot.incomplete.slice(0, MOST_REASONS))
      this.#gauge("incomplete").set({ ...labels, reason }, count);
  }

  #gauge(name: string): Gauge {
    return this.#registry.getSingleMetric(`isoline_namespace_${name}`) as Gauge;
  }
}
