/** A real VictoriaMetrics, as a receiver of OTLP (needs victoria-metrics). */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { named } from "./otlp-points.ts";

export class VictoriaMetrics {
  #process: ChildProcess | undefined;
  #port = 0;

  /** Starts it with its data in this folder; returns the address that takes metrics. */
  async start(folder: string): Promise<string> {
    this.#port = await freePort();
    const words = [`-httpListenAddr=127.0.0.1:${this.#port}`, `-storageDataPath=${join(folder, "database")}`];
    this.#process = spawn("victoria-metrics", words, { stdio: "ignore" });
    return `http://127.0.0.1:${this.#port}/opentelemetry/v1/metrics`;
  }

  end(): void {
    this.#process?.kill("SIGKILL");
  }

  /** Every series that it has of an instance of this program; none before it answers. */
  async series(program: string, instance: string): Promise<string[]> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/series?match[]={__name__=~"isoline_.*"}`;
    const answer = await fetch(url).catch(() => undefined);
    const { data = [] } = ((await answer?.json()) ?? {}) as { data?: Record<string, string>[] };
    return data
      .filter((each) => each["service.name"] === program && each["service.instance.id"] === instance)
      .map(({ __name__: name = "", ...labels }) => {
        const own = Object.entries(labels).filter(([label]) => !label.startsWith("service."));
        return named(
          name,
          own.map(([label, value]) => `${label}="${value}"`),
        );
      })
      .sort();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  server.close();
  await setTimeout(0);
  return port;
}
