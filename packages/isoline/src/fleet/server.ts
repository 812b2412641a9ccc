/**
 * A verifier, over HTTP. What comes back is bounded in bytes and in time; no redirection is followed, so a token goes to the server that
 * was named and to no other. Without TLS only this machine itself is spoken to.
 */
import { isLoopback } from "@isoline/core/loopback";
import { readAtMost } from "@isoline/core/bounded";
import { type ClientRequest, type IncomingMessage, Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { CliError } from "../error.ts";
import { assertAuthority } from "./authority.ts";
import { optional, type Read, table, text } from "./answer.ts";

/** Where a verifier is, and what this program shows to it. */
export interface Endpoint {
  readonly url: string;
  readonly token?: string | undefined;
  /** Certificates in PEM that the server's must lead to; those of the system otherwise. */
  readonly ca?: string | undefined;
  /** A client certificate and its key, as they are now: short-lived ones are renewed on disk. */
  readonly certificate?: (() => { readonly cert: string; readonly key: string }) | undefined;
  /** Whether it is shown for a node, and not for a person. */
  readonly isNode?: true;
}

export interface Asked {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal | undefined;
  /** Seconds until a server that says nothing is given up; 0: it may be silent. */
  readonly patience?: number;
}

/** A refusal of the server, with its status; `retryAfter` in seconds and `reason`, the server's own code, where it says so. */
export class FleetRefusal extends CliError {
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly reason: string | undefined;

  constructor(status: number, message: string, retryAfter?: number, reason?: string) {
    super("fleet-refused", message);
    this.status = status;
    this.retryAfter = retryAfter;
    this.reason = reason;
  }
}

const MOST_ANSWER = 64 * 1024 * 1024;
const MOST_REFUSAL = 64 * 1024;
const PATIENCE = 30;
/** A server that asks for more is asked again after this. */
const MOST_RETRY_AFTER = 3600;

const refusal = table({ error: table({ code: optional(text(128)), message: text(4096) }) });

export class FleetServer {
  readonly url: URL;
  readonly #endpoint: Endpoint;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(endpoint: Endpoint) {
    this.url = serverUrl(endpoint.url);
    this.#endpoint = endpoint;
    if (endpoint.ca !== undefined) assertAuthority(endpoint.ca, `the authority of ${this.url.host}`);
    const kept = { keepAlive: true, maxSockets: 4 };
    this.#agent =
      this.url.protocol === "https:"
        ? new HttpsAgent({ ...kept, minVersion: "TLSv1.2", ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }) })
        : new HttpAgent(kept);
  }

  /** Asks, and reads the answer by its form. */
  async ask<T>(path: string, form: Read<T>, asked: Asked = {}): Promise<T> {
    const answer = await this.text(path, asked);
    return form(this.#parsed(answer), "it");
  }

  /** The answer as a text. */
  async text(path: string, asked: Asked = {}): Promise<string> {
    const response = await this.open(path, asked);
    return (await this.#whole(response, MOST_ANSWER)).toString("utf8");
  }

  /** The beginning of an answer that was not refused. Its body is to be read or destroyed. */
  async open(path: string, asked: Asked = {}): Promise<IncomingMessage> {
    const response = await this.#send(path, asked);
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status < 300) return response;
    throw await this.#refusalIn(response, status);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, { method = "GET", headers, body, signal, patience = PATIENCE }: Asked): Promise<IncomingMessage> {
    const { token } = this.#endpoint;
    return new Promise((resolve, reject) => {
      const outgoing = this.#request(path, {
        method,
        headers: {
          accept: "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
          ...headers,
        },
        ...(signal === undefined ? {} : { signal }),
      });
      if (patience > 0) outgoing.setTimeout(patience * 1000, () => outgoing.destroy(this.#silent(patience)));
      outgoing.on("response", resolve);
      outgoing.on("error", (fault) => reject(this.#named(fault)));
      outgoing.end(body);
    });
  }

  #request(path: string, options: RequestOptions): ClientRequest {
    const request = this.url.protocol === "https:" ? httpsRequest : httpRequest;
    const pair = this.#endpoint.certificate?.();
    try {
      return request(new URL(path.replace(/^\//, ""), this.url), { ...options, ...pair, agent: this.#agent });
    } catch (fault) {
      if (pair === undefined) throw fault;
      // The reason could quote the key.
      throw new CliError(
        "bad-fleet-configuration",
        `${this.url.host}: expected a certificate and the key of it, got two that do not fit, as while they are renewed; write both again if it stays so`,
      );
    }
  }

  async #whole(response: IncomingMessage, most: number): Promise<Buffer> {
    const bytes = await readAtMost(response, most).catch((fault: unknown) => {
      throw this.#named(fault as Error);
    });
    if (bytes !== undefined) return bytes;
    throw new CliError("bad-fleet-answer", `${this.url.host}: expected at most ${most} bytes, got more; stopped`);
  }

  async #refusalIn(response: IncomingMessage, status: number): Promise<FleetRefusal> {
    const seconds = Number(response.headers["retry-after"]);
    const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, MOST_RETRY_AFTER) : undefined;
    const said = await this.#saidIn(response);
    const line = `${this.url.host}: ${said?.message ?? `status ${status}`}${next(status, this.#endpoint)}`;
    return new FleetRefusal(status, line, retryAfter, said?.code);
  }

  /** Proxies and other servers refuse in forms of their own. */
  async #saidIn(
    response: IncomingMessage,
  ): Promise<{ readonly message: string; readonly code?: string | undefined } | undefined> {
    try {
      const body = await this.#whole(response, MOST_REFUSAL);
      return refusal(JSON.parse(body.toString("utf8")), "it").error;
    } catch {
      response.destroy();
      return undefined;
    }
  }

  #parsed(answer: string): unknown {
    try {
      return JSON.parse(answer);
    } catch {
      throw new CliError(
        "bad-fleet-answer",
        `${this.url.host}: expected JSON, got ${JSON.stringify(answer.slice(0, 40))}`,
      );
    }
  }

  #named(fault: Error): Error {
    if (fault instanceof CliError || fault.name === "AbortError") return fault;
    return this.#lost(fault.message || ((fault as NodeJS.ErrnoException).code ?? "no answer"));
  }

  /** It took the request: it may be at work, and go on with that. */
  #silent(seconds: number): CliError {
    return new CliError(
      "fleet-unreachable",
      `${this.url.origin}: expected an answer within ${seconds} s, got silence; it may be at work on it still: see whether it runs, ` +
        "and ask again later",
    );
  }

  #lost(why: string): CliError {
    return new CliError(
      "fleet-unreachable",
      `no verifier at ${this.url.origin}: ${why}; see --server, and whether it runs`,
    );
  }
}

/** Refuses what is not an address of a server, and one that a token would cross a network to in the clear. */
export function serverUrl(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isHttp = url?.protocol === "http:";
  if (
    url === undefined ||
    (!isHttp && url.protocol !== "https:") ||
    url.search !== "" ||
    url.hash !== "" ||
    url.username !== ""
  )
    throw new CliError("usage", `expected a server as https://HOST:PORT, got ${JSON.stringify(given.slice(0, 80))}`);
  if (isHttp && !isLoopback(url.hostname))
    throw new CliError(
      "usage",
      `expected https:// for ${url.hostname}: without TLS a token could be read on the way; http:// is for this machine only`,
    );
  return new URL(url.href.endsWith("/") ? url.href : `${url.href}/`);
}

/** A node that enrols shows no credential: the server says what is wrong with its token for one use. And a node has no role. */
function next(status: number, { token, certificate, isNode }: Endpoint): string {
  const hasCredential = token !== undefined || certificate !== undefined;
  switch (status) {
    case 401:
      return hasCredential ? "; the credential is missing, unknown or expired" : "";
    case 403:
      return hasCredential && isNode !== true ? "; ask for a role that may" : "";
    case 429:
      return "; ask less often";
    case 503:
      return "; try again later";
    default:
      return "";
  }
}
