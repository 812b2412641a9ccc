/** Metrics for Prometheus, and `/healthz`: HTTP on a Unix socket for root, or on a port of this machine alone. */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import { refusal, send } from "../control/http.ts";
import { removeLeft } from "../control/liveness.ts";
import { CliError } from "../error.ts";
import type { MetricsAddress } from "./configuration.ts";
import type { Hosting } from "./hosted.ts";
import type { Metrics } from "./metrics.ts";

const LIMITS = { maxHeaderSize: 4096, headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 2000 } as const;
const MOST_CONNECTIONS = 16;

export class MetricsServer {
  readonly #metrics: Metrics;
  readonly #hosting: Hosting;
  readonly #server: Server;
  readonly #path: string | undefined;

  private constructor(metrics: Metrics, hosting: Hosting, address: MetricsAddress) {
    this.#metrics = metrics;
    this.#hosting = hosting;
    this.#server = createServer(LIMITS, (request, response) => void this.#answer(request.url ?? "", response));
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on("clientError", (_fault, socket) => socket.destroy());
    this.#path = address.kind === "unix" ? address.path : undefined;
  }

  /** Serves them; throws `cannot-write` where it cannot listen. */
  static async open(address: MetricsAddress, metrics: Metrics, hosting: Hosting): Promise<MetricsServer> {
    const served = new MetricsServer(metrics, hosting, address);
    await served.#listen(address);
    return served;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
  }

  async #listen(address: MetricsAddress): Promise<void> {
    const server = this.#server;
    if (address.kind === "unix") {
      mkdirSync(dirname(address.path), { recursive: true, mode: 0o700 });
      if (!(await removeLeft(address.path)))
        throw new CliError(
          "cannot-write",
          `metrics cannot be served: expected ${address.path} to be free, and it is there; end the agent that serves them there, or name another`,
        );
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
      const text = await this.#metrics.text();
      response.writeHead(200, {
        "content-type": this.#metrics.contentType,
        "content-length": Buffer.byteLength(text),
      });
      response.end(text);
    } catch {
      send(response, refusal(500, "namespace-lost", "the metrics cannot be collected"));
    }
  }
}
