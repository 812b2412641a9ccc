/**
 * The approver socket of one namespace: it answers questions and amends the contour, so it is the one thing on which a process of the
 * namespace must have no hold. Such a process has the same user, so that modes do not keep it out. Two things do, each by itself:
 *
 *   the sensor   refuses every use of the socket and of its directory, by device and inode, in every mode; no name, link, mount or
 *                descriptor leads to another inode
 *   this server  hears nothing from a process that is in a namespace: of this one by its table of processes, of any by the seccomp
 *                filters that the kernel counts for the very process that connected (SO_PEERPIDFD), and by bpf's tables of members
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isAbsolute } from "node:path";
import type { Socket } from "node:net";
import { fileIdentity } from "@isoline/linux";
import { type AnswerWord, answerWords } from "../namespace/answer-words.ts";
import type { Ending, OpenQuestion, Questions } from "../namespace/questions.ts";
import type { Ask } from "../namespace/requests.ts";
import { type Answer, isFromOutside, mayAsk, OVER, peerAt, refusal, send } from "./http.ts";
import { boundedServer, closed, listening } from "./listening.ts";
import { openKeptDirectory, socketPath } from "./place.ts";

/** What the socket is about. */
export interface Decisions {
  readonly name: string;
  readonly ask: Ask;
  readonly questions: Questions;
  /** Called when a process of a namespace had found a way to the socket, and was not heard. */
  readonly onIntruder: (pid: number) => void;
}

/** A line of the stream of questions. */
export type QuestionLine = { readonly asked: OpenQuestion } | { readonly over: Ending };

const limits = { connections: 32, headerBytes: 16_384, requestMs: 5000, idleMs: 2000, buffered: 1024 * 1024 } as const;

const STATE = /^[0-9a-f]{64}$/;

export class ApproverServer {
  readonly path: string;
  readonly #about: Decisions;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();

  private constructor(about: Decisions, path: string) {
    this.#about = about;
    this.path = path;
    this.#server = boundedServer(limits, (request, response) => void this.#serve(request, response));
    this.#server.on("connection", (socket) => this.#admit(socket));
  }

  /** Opens the socket of a namespace in the directory for approvers, and closes both to the namespace. */
  static async open(about: Decisions, directory: string = openKeptDirectory()): Promise<ApproverServer> {
    const server = new ApproverServer(about, socketPath(directory, about.name));
    await about.ask({ ask: "keep", ...fileIdentity(directory) });
    await listening(server.#server, server.path);
    await about.ask({ ask: "keep", ...fileIdentity(server.path) });
    return server;
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.end();
    await closed(this.#server, this.path);
  }

  /** The process that connected is looked at before anything is read from it. */
  #admit(socket: Socket): void {
    if (mayAsk(socket) && isFromOutside(socket)) return;
    const pid = peerAt(socket)?.pid ?? 0;
    socket.destroy();
    this.#about.onIntruder(pid);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    const hasBody = Number(request.headers["content-length"] ?? 0) > 0;
    if (hasBody || request.headers["transfer-encoding"] !== undefined) {
      send(response, refusal(413, "usage", "expected no body"));
      request.destroy();
      return;
    }
    try {
      const pid = peerAt(request.socket)?.pid ?? 0;
      const url = new URL(request.url ?? "/", "http://localhost");
      if (!(await this.#isStranger(pid, request.socket))) {
        request.destroy();
        this.#about.onIntruder(pid);
      } else if (request.method === "GET" && url.pathname === "/questions/stream") this.#stream(response);
      else send(response, await this.#answer(`${request.method ?? ""} ${url.pathname}`, url.searchParams, pid));
    } catch {
      send(response, refusal(500, "namespace-lost", "the namespace could not answer"));
    }
  }

  /**
   * The kernel's hooks add no filter, so the tables of the namespace are asked as well. They know living processes only: one that has
   * connected and ended may have left the connection to another process of the namespace. So it must live when they have answered, and
   * be in no other namespace either. Without an answer, nothing is heard.
   */
  async #isStranger(pid: number, socket: Socket): Promise<boolean> {
    return pid > 0 && (await this.#about.ask({ ask: "member", pid })) === false && isFromOutside(socket);
  }

  async #answer(route: string, asked: URLSearchParams, pid: number): Promise<Answer> {
    const { questions, ask } = this.#about;
    const key = asked.get("key") ?? "";
    switch (route) {
      case "GET /questions":
        return { status: 200, body: questions.open };
      case "POST /questions/shown": {
        const question = questions.shown(key);
        return question === undefined ? OVER_ALREADY : { status: 200, body: question };
      }
      case "POST /questions/answer": {
        const word = asked.get("answer");
        if (!isAnswer(word)) return refusal(400, "usage", `expected answer=${answerWords.join("|")}`);
        const settled = await questions.answer(key, word, `the approver (process ${pid})`);
        return settled.settled ? { status: 200, body: settled } : OVER_ALREADY;
      }
      case "POST /amend": {
        const contour = asked.get("contour") ?? "";
        if (!isAbsolute(contour)) return refusal(400, "usage", "expected contour=PATH, from the root");
        const state = asked.get("state") ?? undefined;
        if (state !== undefined && !STATE.test(state)) return refusal(400, "usage", "expected state=HEX, 64 digits");
        const amended = await ask({ ask: "amend", contour, state });
        if (amended === undefined) return OVER;
        return "refused" in amended ? refusal(409, amended.refused, amended.message) : { status: 200, body: amended };
      }
    }
    return refusal(404, "usage", `nothing answers to ${route.slice(0, 80)}`);
  }

  /** Each question as it is asked and as it ends, until the client or the namespace does. Who reads too slowly is cut off. */
  #stream(response: ServerResponse): void {
    this.#streams.add(response);
    response.writeHead(200, { "content-type": "application/jsonl" });
    response.flushHeaders();
    const write = (line: QuestionLine) => {
      if (response.writableLength > limits.buffered) response.destroy();
      else if (!response.writableEnded) response.write(`${JSON.stringify(line)}\n`);
    };
    const leave = this.#about.questions.hear({
      onAsked: (asked) => write({ asked }),
      onOver: (over) => write({ over }),
    });
    response.on("close", () => {
      this.#streams.delete(response);
      leave();
    });
  }
}

const OVER_ALREADY = refusal(
  409,
  "no-such-question",
  "this question is over: answered, refused at its deadline, or its process has ended",
);

function isAnswer(word: string | null): word is AnswerWord {
  return (answerWords as readonly (string | null)[]).includes(word);
}
