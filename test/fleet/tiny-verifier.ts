/**
 * An HTTP server that answers what a test tells it to, in the forms of the fleet's API and in forms that no verifier has. The commands
 * must not believe it. The real verifier is in the tests of the story.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** Milliseconds, when all of it was here: differences alone mean something. */
  readonly at: number;
}

export type Answer =
  | {
      readonly status?: number;
      readonly headers?: Record<string, string>;
      readonly json?: unknown;
      readonly text?: string;
    }
  | ((response: ServerResponse) => void);

export class TinyVerifier {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  #answer: (asked: Asked) => Answer;

  private constructor(answer: (asked: Asked) => Answer) {
    this.#answer = answer;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async listen(answer: (asked: Asked) => Answer): Promise<TinyVerifier> {
    const tiny = new TinyVerifier(answer);
    await new Promise<void>((resolve) => tiny.#server.listen(0, "127.0.0.1", resolve));
    return tiny;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers otherwise from now on. */
  answers(answer: (asked: Asked) => Answer): void {
    this.#answer = answer;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { pathname: path, searchParams: query } = new URL(request.url ?? "/", this.url);
    const { method = "", headers: told } = request;
    const asked = { method, path, query, headers: told, body: Buffer.concat(pieces), at: performance.now() };
    this.asked.push(asked);
    const answer = this.#answer(asked);
    if (typeof answer === "function") return answer(response);
    const { status = 200, headers = {}, json, text = json === undefined ? "" : JSON.stringify(json) } = answer;
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
  }
}

const TIME = "2026-01-02T03:04:05.678Z";

/** A node as the API has it. */
export const aNode = (more: object = {}) => ({
  name: "node-1",
  id: "ab".repeat(32),
  tenant: "shop",
  labels: { zone: "north" },
  state: "affirming",
  since: TIME,
  lastSeen: TIME,
  due: TIME,
  enrolled: TIME,
  root: "tpm",
  sensors: ["seccomp"],
  kernel: "6.12.1",
  build: "0.1.0",
  canisters: { affirming: 1, contraindicated: 0, unverifiable: 0, stale: 0 },
  links: [{ name: "freshness", state: "passed" }],
  ...more,
});

/** A canister as the API has it. */
export const aCanister = (more: object = {}) => ({
  node: "node-1",
  label: "web",
  tenant: "shop",
  mode: "enforcing",
  sensor: "seccomp",
  root: "tpm",
  state: "affirming",
  since: TIME,
  started: TIME,
  points: 12,
  measurement: "cd".repeat(32),
  counters: { events: 100, departures: 0, refused: 0, lost: 0, untrusted: 0 },
  links: [],
  ...more,
});
