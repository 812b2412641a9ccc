/**
 * The control socket of one namespace: HTTP over a Unix socket that only its owner can open.
 *
 * The workload runs as the same user, so a client may be hostile: requests can only read, or seal. No request widens a contour,
 * restores trust, or stops the supervision.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { CountedSnapshot, LiveEvent } from "../namespace/live.ts";
import type { Ask, Reply, Request } from "../namespace/requests.ts";
import type { Standing } from "../namespace/standing.ts";
import { SignatureInUse } from "../store/signature/in-use.ts";
import { EventStream } from "./event-stream.ts";
import {
  type Answer,
  bodyOf,
  isFromOutside,
  mayAsk,
  OVER,
  peerAt,
  refusal,
  send,
  wholeNumber,
  within,
} from "./http.ts";
import { hasLongBody, type IntegrityRoute, integrityRoute, MOST_BODY_BYTES } from "./integrity.ts";
import { boundedServer, closed, listening } from "./listening.ts";
import type { Bond } from "../namespace/model.ts";
import { drawName, openControlDirectory, socketPath } from "./place.ts";
import { type Attested, callFiles, type NotBegun, type State } from "./protocol.ts";

/** The namespace behind a socket. */
export interface Subject {
  /** The name of the namespace; a short random one if undefined. */
  readonly name: string | undefined;
  readonly command: string;
  readonly contour: string;
  /** Of a canister: the digest of its image, `sha256:…`. */
  readonly image?: string | undefined;
  readonly pid: number;
  /** False as long as it has not been born; always true where this is left out. */
  readonly hasBegun?: () => boolean;
  /** Whether other processes may be brought into it: a canister, for `exec`. */
  readonly joins?: boolean;
  /** Undefined when the namespace has ended. */
  readonly ask: Ask;
  readonly follow: (follower: (event: LiveEvent) => void) => Promise<() => Promise<void>>;
}

const DIGEST = /^[0-9a-f]{64}$/;
const INSIDE =
  "expected a process outside of all behaviour namespaces, under no more seccomp filters than the supervisor, got another; ask from where the namespace was begun";

/** Limits for clients. */
const limits = {
  connections: 32,
  headerBytes: 4096,
  bodyBytes: 1024,
  requestMs: 5000,
  idleMs: 2000,
  answerMs: 5000,
} as const;

export class ControlServer {
  readonly name: string;
  readonly path: string;
  readonly #subject: Subject;
  readonly #server: Server;
  readonly #started = new Date().toISOString();
  readonly #signature: SignatureInUse;
  readonly #streams: EventStream;
  /** Requests that the namespace has not answered yet. */
  #asked = 0;

  private constructor(subject: Subject, name: string, path: string) {
    this.#subject = subject;
    this.name = name;
    this.path = path;
    this.#signature = new SignatureInUse(subject.contour);
    this.#streams = new EventStream(subject.follow);
    this.#server = boundedServer(limits, (request, response) => void this.#serve(request, response));
    this.#server.on("connection", (socket) => {
      if (!mayAsk(socket)) socket.destroy();
    });
  }

  /** Opens a socket in the directory of this user. */
  static async open(subject: Subject, directory: string = openControlDirectory()): Promise<ControlServer> {
    const name = subject.name ?? drawName();
    return ControlServer.at(subject, name, socketPath(directory, name));
  }

  /** Opens a socket at a path, for a namespace of this name. */
  static async at(subject: Subject, name: string, path: string): Promise<ControlServer> {
    const server = new ControlServer(subject, name, path);
    await listening(server.#server, path);
    return server;
  }

  async close(): Promise<void> {
    this.#streams.end();
    await closed(this.#server, this.path);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    const announced = Number(request.headers["content-length"] ?? 0);
    const most = hasLongBody(request.url ?? "") ? MOST_BODY_BYTES : limits.bodyBytes;
    if (announced > most || request.headers["transfer-encoding"] !== undefined) {
      send(response, refusal(413, "usage", `expected no body, or at most ${most} bytes of known length`));
      request.destroy();
      return;
    }
    try {
      const body = await bodyOf(request);
      const url = new URL(request.url ?? "/", "http://localhost");
      if (request.method === "POST" && !(await this.#mayChange(request.socket)))
        return send(response, refusal(403, "usage", INSIDE));
      const integrity = integrityRoute(request.method ?? "", url, body);
      if (request.method === "GET" && url.pathname === "/events") await this.#streams.serve(response);
      else if (integrity !== undefined) await this.#answerIntegrity(integrity, response);
      else send(response, await this.#answer(request.method ?? "", url, request.socket));
    } catch {
      // Nothing that a client sends may end the supervisor; the client gets this answer.
      send(response, refusal(500, "namespace-lost", "the namespace could not answer"));
    }
  }

  async #answer(method: string, url: URL, socket: Socket): Promise<Answer> {
    switch (`${method} ${url.pathname}`) {
      case "GET /state":
        return this.#tell({ ask: "snapshot" }, (value) => this.#state(value));
      case "GET /processes":
        return this.#tell({ ask: "trust" });
      case "GET /trust": {
        const pid = wholeNumber(url.searchParams.get("pid"));
        return this.#tell({ ask: "trust", pid });
      }
      case "GET /departures":
        return this.#tell({ ask: "departures", from: wholeNumber(url.searchParams.get("from")) ?? 0 });
      case "GET /contour":
        return this.#tell({ ask: "contour" });
      case "GET /attest":
        return this.#attest(url.searchParams);
      case "POST /seal":
        return this.#tell({ ask: "seal" }, (value) => this.#state(value));
      case "POST /join":
        if (this.#subject.joins) return this.#join(url.searchParams, socket);
    }
    return refusal(404, "usage", `nothing answers to ${method.slice(0, 10)} ${url.pathname.slice(0, 60)}`);
  }

  /**
   * The kernel says who asks: processes outside of all namespaces, and those of this one, which can only take from themselves. Not those
   * of another, which may see the directory of the socket as well.
   */
  async #mayChange(socket: Socket): Promise<boolean> {
    if (isFromOutside(socket)) return true;
    const pid = peerAt(socket)?.pid;
    return pid !== undefined && (await this.#ask({ ask: "own-member", pid })) === true;
  }

  #attest(asked: URLSearchParams): Promise<Answer> | Answer {
    const [challenge, aggregate] = [asked.get("challenge"), asked.get("aggregate")];
    const given = [challenge, aggregate].filter((each) => each !== null);
    if (given.length === 1 || !given.every((each) => DIGEST.test(each)))
      return refusal(400, "usage", "expected challenge=HEX and aggregate=HEX, 64 digits each, or neither");
    if (this.#subject.hasBegun?.() === false)
      return { status: 200, body: { isoline: 1, name: this.name, begun: false } satisfies NotBegun };
    const binds = given.length === 0 ? undefined : ({ challenge, aggregate } as Bond);
    return this.#tell({ ask: "attest", binds }, (value) => this.#attested(value));
  }

  #attested(standing: Standing): Attested {
    const { command, image = null } = this.#subject;
    const { path, digest } = standing.contour ?? { digest: null };
    const signature = digest === null ? undefined : this.#signature.of({ path, digest });
    const about = { isoline: 1, name: this.name, command, image, started: this.#started } as const;
    return { ...about, ...standing, signature: signature?.toString("base64") ?? null };
  }

  /** The kernel reports the client's pid: a client can only bring in its own child, and only from outside of all namespaces. */
  async #join(asked: URLSearchParams, socket: Socket): Promise<Answer> {
    const pid = peerAt(socket)?.pid;
    if (!isFromOutside(socket)) return refusal(403, "usage", INSIDE);
    const listener = wholeNumber(asked.get("listener"));
    const started = asked.get("started");
    const names = Object.entries(callFiles).flatMap(([parameter, token]) =>
      asked.getAll(parameter).map((path) => ({ path, token })),
    );
    if (started === null || (asked.has("listener") && listener === undefined) || pid === undefined)
      return refusal(
        400,
        "usage",
        "expected started=TIME of the process that asks, and listener=DESCRIPTOR if it has one",
      );
    return this.#tell({ ask: "join", pid, started, listener, names }, (joined) => ({ joined }));
  }

  async #answerIntegrity(route: IntegrityRoute, response: ServerResponse): Promise<void> {
    const answer = await route((request) => this.#ask(request));
    if (answer === undefined) return send(response, OVER);
    if (answer.status !== 200) return send(response, refusal(answer.status, answer.code, answer.message));
    response.writeHead(200, { "content-type": answer.type, "content-length": answer.bytes.length });
    response.end(answer.bytes);
  }

  async #tell<R extends Request>(request: R, form: (reply: Reply<R>) => unknown = (reply) => reply): Promise<Answer> {
    const reply = await this.#ask(request);
    return reply === undefined ? OVER : { status: 200, body: form(reply) };
  }

  /** A client does not wait for ever. What it asks stays with the namespace all the same, so not more than that is passed on. */
  async #ask<R extends Request>(request: R): Promise<Reply<R> | undefined> {
    if (this.#asked >= limits.connections) return undefined;
    this.#asked += 1;
    const answer = this.#subject.ask(request).finally(() => {
      this.#asked -= 1;
    });
    return within(limits.answerMs, answer);
  }

  #state(snapshot: CountedSnapshot): State {
    const { command, contour, pid } = this.#subject;
    const { untrusted: _, everUntrusted: __, ...told } = snapshot;
    return {
      isoline: 1,
      name: this.name,
      pid,
      supervisor: process.pid,
      command,
      contour,
      started: this.#started,
      ...told,
    };
  }
}
