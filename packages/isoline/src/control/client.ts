/** A client of the control socket of a live namespace. */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { startTime } from "@isoline/linux";
import { CliError } from "../error.ts";
import type { ContourState, EventLine, LiveEvent, ProcessReport } from "../namespace/live.ts";
import { isLive } from "./liveness.ts";
import type { Refusal, State } from "./protocol.ts";

const ANSWER_MS = 8000;
const MOST_BYTES = 64 * 1024 * 1024;
/** The engine records no more. */
const MOST_DEPARTURES = 10_000;

export class ControlClient {
  readonly name: string;
  readonly #path: string;

  constructor(name: string, path: string) {
    this.name = name;
    this.#path = path;
  }

  async state(): Promise<State> {
    return this.#checkedState(await this.#fetch("GET", "/state"));
  }

  /** The same; undefined of a namespace that has ended since it was found. */
  async stateIfLive(): Promise<State | undefined> {
    try {
      return await this.state();
    } catch (fault) {
      if (await isLive(this.#path)) throw fault;
      return undefined;
    }
  }

  /** Processes with their trust; of one pid, or all. */
  async trust(pid?: number): Promise<readonly ProcessReport[]> {
    const answer = await this.#fetch("GET", pid === undefined ? "/trust" : `/trust?pid=${pid}`);
    if (!Array.isArray(answer)) throw this.#lost("its answer is not a list of processes");
    return answer as ProcessReport[];
  }

  /** The contour as it is now: its profile, the digest of its policy, its state. */
  async contour(): Promise<ContourState> {
    const answer = await this.#fetch("GET", "/contour");
    if (typeof answer !== "object" || answer === null) throw this.#lost("its answer is not about a contour");
    return answer as ContourState;
  }

  /** Every departure so far, in order, as it stands when it is asked for. Their form is not checked. */
  async *departures(): AsyncGenerator<unknown> {
    for (let from = 0; from <= MOST_DEPARTURES; ) {
      const page = await this.#fetch("GET", `/departures?from=${from}`);
      if (!Array.isArray(page)) throw this.#lost("its answer is not a list of departures");
      if (page.length === 0) return;
      yield* page;
      from += page.length;
    }
    throw this.#lost(`it has more than ${MOST_DEPARTURES} departures`);
  }

  async seal(): Promise<State> {
    return this.#checkedState(await this.#fetch("POST", "/seal"));
  }

  /**
   * Brings this process's child into the namespace, with the files it was given: by the listener of its filter, or without one
   * if the supervisor admits it in another way.
   */
  async join(listener: number | undefined, files: readonly (readonly [what: string, path: string])[]): Promise<void> {
    const query = new URLSearchParams({ started: startTime(process.pid) ?? "" });
    if (listener !== undefined) query.append("listener", String(listener));
    for (const [what, path] of files) query.append(what, path);
    const answer = (await this.#fetch("POST", `/join?${query.toString()}`)) as { joined?: unknown } | null;
    if (answer?.joined !== true) throw this.#lost("it did not admit the process");
  }

  /** Decisions as they happen, until the namespace ends. */
  async *events(): AsyncGenerator<EventLine> {
    const response = await this.#open("GET", "/events");
    response.on("error", () => {});
    for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
      yield this.#parse(line) as LiveEvent;
    }
  }

  async #fetch(method: string, target: string): Promise<unknown> {
    const response = await this.#open(method, target);
    const pieces: Buffer[] = [];
    let size = 0;
    try {
      for await (const piece of response) {
        size += (piece as Buffer).length;
        if (size > MOST_BYTES) throw this.#lost(`it answered more than ${MOST_BYTES} bytes`);
        pieces.push(piece as Buffer);
      }
    } catch (fault) {
      throw fault instanceof CliError ? fault : this.#lost(unansweredText(fault as Error));
    }
    const answer = this.#parse(Buffer.concat(pieces).toString("utf8"));
    if (response.statusCode === 200) return answer;
    throw this.#lost((answer as Partial<Refusal>).error?.message ?? `it answered with status ${response.statusCode}`);
  }

  #open(method: string, target: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing: ClientRequest = request({ socketPath: this.#path, path: target, method, agent: false });
      const timer = setTimeout(
        () => outgoing.destroy(this.#lost(`it did not answer in ${ANSWER_MS / 1000} s`)),
        ANSWER_MS,
      );
      outgoing.on("response", (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      outgoing.on("error", (fault) => {
        clearTimeout(timer);
        reject(fault instanceof CliError ? fault : this.#lost(unansweredText(fault)));
      });
      outgoing.end();
    });
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#lost("its answer is not JSON");
    }
  }

  #checkedState(answer: unknown): State {
    const state = answer as Partial<State> | null;
    if (state?.isoline !== 1) throw this.#lost("it speaks another version; use the isoline that started it");
    return state as State;
  }

  #lost(why: string): CliError {
    return new CliError("namespace-lost", `${this.name}: ${why}`);
  }
}

/** What those who ask find while a namespace ends. */
const ENDED = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"]);

function unansweredText(fault: NodeJS.ErrnoException): string {
  return ENDED.has(fault.code ?? "") ? "it hung up without an answer" : fault.message;
}
