/** HTTP over a Unix socket, as the clients of both sockets speak it. What comes back is bounded, and refused if it is not in this form. */
import { readAtMost } from "@isoline/core/bounded";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { CliError } from "../error.ts";
import type { Refusal } from "./protocol.ts";

const ANSWER_MS = 8000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Of an answer that never ends: whatever listens there may be hostile. */
const MOST_LINE = 4 * 1024 * 1024;

export class Connection {
  readonly name: string;
  readonly #path: string;
  readonly #trusts: (socket: Socket) => boolean;
  readonly #patience: number;

  /** `trusts` decides about the other end of each connection before anything is said. */
  constructor(
    name: string,
    path: string,
    { trusts = () => true, patience = ANSWER_MS }: { trusts?: (socket: Socket) => boolean; patience?: number } = {},
  ) {
    this.name = name;
    this.#path = path;
    this.#trusts = trusts;
    this.#patience = patience;
  }

  /** The answer, which has to be there whole within the patience. */
  async fetch(method: string, target: string): Promise<object> {
    const response = await this.#open(method, target, "end");
    const bytes = await readAtMost(response, MOST_BYTES).catch((fault: unknown) => {
      throw fault instanceof CliError ? fault : this.lost(unansweredText(fault as Error));
    });
    if (bytes === undefined) throw this.lost(`it answered more than ${MOST_BYTES} bytes`);
    const answer = this.#parsed(bytes.toString("utf8"));
    if (response.statusCode === 200) return answer;
    throw this.lost((answer as Partial<Refusal>).error?.message ?? `it answered with status ${response.statusCode}`);
  }

  /** An answer, whose `until` has to come within the patience: whatever listens there may send headers and no more. */
  #open(method: string, target: string, until: "beginning" | "end"): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing: ClientRequest = request({ socketPath: this.#path, path: target, method, agent: false });
      let answer: IncomingMessage | undefined;
      const timer = setTimeout(
        () => (answer ?? outgoing).destroy(this.lost(`it did not answer in ${this.#patience / 1000} s`)),
        this.#patience,
      );
      outgoing.on("socket", (socket) => {
        socket.on("connect", () => {
          if (!this.#trusts(socket))
            outgoing.destroy(this.lost("the process that listens there is in a namespace itself"));
        });
      });
      outgoing.on("response", (response) => {
        answer = response;
        if (until === "beginning") clearTimeout(timer);
        response.on("close", () => clearTimeout(timer));
        resolve(response);
      });
      outgoing.on("error", (fault) => {
        clearTimeout(timer);
        reject(fault instanceof CliError ? fault : this.lost(unansweredText(fault)));
      });
      outgoing.end();
    });
  }

  /** A JSON object, or a list. */
  #parsed(text: string): object {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null) return value;
    } catch {
      throw this.lost("its answer is not JSON");
    }
    throw this.lost("its answer is not a JSON object");
  }

  /** One JSON object a line, until the other end closes or is gone. */
  async *lines(target: string): AsyncGenerator<object> {
    const response = await this.#open("GET", target, "beginning");
    response.on("error", () => {});
    let rest = "";
    for await (const piece of untilGone(response.setEncoding("utf8"))) {
      const whole = (rest + piece).split("\n");
      rest = whole.pop() ?? "";
      if (rest.length > MOST_LINE) throw this.lost(`a line of its answer is longer than ${MOST_LINE} letters`);
      for (const line of whole) yield this.#parsed(line);
    }
  }

  lost(why: string): CliError {
    return new CliError("namespace-lost", `${this.name}: ${why}`);
  }
}

/** A supervisor that is killed breaks its answer off. */
async function* untilGone(response: IncomingMessage): AsyncGenerator<string> {
  try {
    for await (const piece of response) yield piece as string;
  } catch (fault) {
    if (!ENDED.has((fault as NodeJS.ErrnoException).code ?? "")) throw fault;
  }
}

/** What those who ask find while a namespace ends. */
const ENDED = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"]);

function unansweredText(fault: NodeJS.ErrnoException): string {
  return ENDED.has(fault.code ?? "") ? "it closed the connection without an answer" : fault.message;
}
