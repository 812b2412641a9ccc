/** A NATS server with JetStream for tests, on a port of its own. What it keeps is there again after a stop. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout } from "node:timers/promises";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { isInstalled } from "../support/machine.ts";

export const needsNats = !isInstalled("nats-server");

export const STREAM = "ISOLINE_CHANGES";

/** A message of the stream, and under which id it was kept. */
export interface Kept {
  readonly id: string | undefined;
  readonly change: { readonly id: number; readonly node: string; readonly label?: string; readonly to: string };
}

/** Files of a server that speaks TLS alone, as `localhost`. */
interface Tls {
  readonly certificate: string;
  readonly key: string;
}

export class NatsServer {
  readonly #place: string;
  readonly #tls: Tls | undefined;
  #port = 0;
  #process: ChildProcess | undefined;

  constructor(place: string, tls?: Tls) {
    this.#place = place;
    this.#tls = tls;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return this.#tls === undefined ? `127.0.0.1:${this.#port}` : `tls://localhost:${this.#port}`;
  }

  /** Returns when it answers. */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const words = ["-a", "127.0.0.1", "-p", String(this.#port), "-js", "-sd", this.#place];
    if (this.#tls !== undefined) words.push("--tls", "--tlscert", this.#tls.certificate, "--tlskey", this.#tls.key);
    this.#process = spawn("nats-server", words, { stdio: "ignore" });
    for (let tries = 0; tries < 400; tries++) {
      const answered = await this.using(async () => true).catch(() => false);
      if (answered) return;
      await setTimeout(50);
    }
    throw new Error("nats-server does not answer");
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = once(running, "exit");
    running.kill(signal);
    await ended;
  }

  async using<T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const connection = await connect({
      ...{ servers: this.address, reconnect: false },
      ...(this.#tls !== undefined && { tls: { caFile: this.#tls.certificate } }),
    });
    try {
      return await work(await jetstreamManager(connection));
    } finally {
      await connection.close();
    }
  }

  /** What the stream of changes keeps, in order; nothing where there is no stream. */
  kept(): Promise<readonly Kept[]> {
    return this.using(async ({ streams }) => {
      const found = await streams.info(STREAM).catch(() => undefined);
      const kept: Kept[] = [];
      // A stream that was just made counts from 0, and has no message of that number.
      for (let seq = Math.max(1, found?.state.first_seq ?? 1); seq <= (found?.state.last_seq ?? 0); seq++) {
        const message = await streams.getMessage(STREAM, { seq });
        if (message !== null) kept.push({ id: message.header.get("Nats-Msg-Id"), change: message.json() });
      }
      return kept;
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
