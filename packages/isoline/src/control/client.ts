/** A client of the control socket of a live namespace. */
import { dirname } from "node:path";
import { startTime } from "@isoline/linux";
import type { Bond } from "../namespace/model.ts";
import type { ContourState, EventLine, LiveEvent, ProcessReport } from "../namespace/live.ts";
import { Connection } from "./connection.ts";
import { isLive } from "./liveness.ts";
import { isAttested } from "./attested.ts";
import { isSupervisor } from "./http.ts";
import type { Attested, State } from "./protocol.ts";

/** The engine records no more. */
const MOST_DEPARTURES = 10_000;
/** For all of them: one page after the other could come late, and the loop of a node waits for them. */
const DEPARTURES_MS = 60_000;

export class ControlClient {
  readonly name: string;
  readonly #path: string;
  readonly #connection: Connection;

  constructor(name: string, path: string) {
    this.name = name;
    this.#path = path;
    this.#connection = new Connection(name, path);
  }

  /** Where its supervisor has its sockets. */
  get directory(): string {
    return dirname(this.#path);
  }

  async state(): Promise<State> {
    return this.#checkedState(await this.#connection.fetch("GET", "/state"));
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

  /** Whether a supervisor still listens there. */
  isLive(): Promise<boolean> {
    return isLive(this.#path);
  }

  /** Processes with their trust; of one pid, or all. */
  async trust(pid?: number): Promise<readonly ProcessReport[]> {
    const answer = await this.#connection.fetch("GET", pid === undefined ? "/trust" : `/trust?pid=${pid}`);
    if (!Array.isArray(answer)) throw this.#connection.lost("its answer is not a list of processes");
    return answer as ProcessReport[];
  }

  /** The contour as it is now: its profile, the digest of its policy, its state. */
  async contour(): Promise<ContourState> {
    return (await this.#connection.fetch("GET", "/contour")) as ContourState;
  }

  /** The same of one that has so many milliseconds for it. */
  async stateWithin(patience: number): Promise<State> {
    return this.#checkedState(await this.#hurried(patience).fetch("GET", "/state"));
  }

  /** Departures of one that has so many milliseconds for all of them: from an index on the last `most`. Their form is not checked. */
  async lastDepartures(from: number, most: number, patience: number): Promise<readonly unknown[]> {
    const until = performance.now() + patience;
    let last: readonly unknown[] = [];
    for (let at = from; at <= MOST_DEPARTURES; ) {
      const connection = this.#hurried(Math.max(1, until - performance.now()));
      const page = await connection.fetch("GET", `/departures?from=${at}`);
      if (!Array.isArray(page)) throw connection.lost("its answer is not a list of departures");
      if (page.length === 0) return last;
      last = [...last, ...page].slice(-most);
      at += page.length;
    }
    return last;
  }

  /** Every departure so far, in order, as it stands when it is asked for. Their form is not checked. */
  async *departures(): AsyncGenerator<unknown> {
    const until = performance.now() + DEPARTURES_MS;
    for (let from = 0; from <= MOST_DEPARTURES; ) {
      if (performance.now() > until)
        throw this.#connection.lost(`it did not tell its departures in ${DEPARTURES_MS / 1000} s`);
      const page = await this.#connection.fetch("GET", `/departures?from=${from}`);
      if (!Array.isArray(page)) throw this.#connection.lost("its answer is not a list of departures");
      if (page.length === 0) return;
      yield* page;
      from += page.length;
    }
    throw this.#connection.lost(`it has more than ${MOST_DEPARTURES} departures`);
  }

  /**
   * What evidence says of it. Refused where a process of another namespace answers. With a challenge and the aggregate of this machine
   * the answer has a bound state. Undefined of one that has not been born yet.
   */
  async attest(bond: Bond | undefined): Promise<Attested | undefined> {
    const connection = new Connection(this.name, this.#path, { trusts: isSupervisor });
    const query = bond === undefined ? "" : `?${new URLSearchParams({ ...bond }).toString()}`;
    const answer = (await connection.fetch("GET", `/attest${query}`)) as Partial<Attested & { begun: false }>;
    if (answer.isoline === 1 && answer.name === this.name && answer.begun === false) return undefined;
    if (answer.isoline !== 1 || answer.name !== this.name || !isAttested(answer))
      throw connection.lost("it does not say what evidence needs; use the isoline that started it");
    return answer;
  }

  async seal(): Promise<State> {
    return this.#checkedState(await this.#connection.fetch("POST", "/seal"));
  }

  /**
   * Brings this process's child into the namespace, with the files it was given: by the listener of its filter, or without one
   * if the supervisor admits it in another way.
   */
  async join(listener: number | undefined, files: readonly (readonly [what: string, path: string])[]): Promise<void> {
    const query = new URLSearchParams({ started: startTime(process.pid) ?? "" });
    if (listener !== undefined) query.append("listener", String(listener));
    for (const [what, path] of files) query.append(what, path);
    const answer = (await this.#connection.fetch("POST", `/join?${query.toString()}`)) as { joined?: unknown };
    if (answer.joined !== true) throw this.#connection.lost("it did not admit the process");
  }

  /** Decisions as they happen, until the namespace ends. */
  async *events(): AsyncGenerator<EventLine> {
    for await (const line of this.#connection.lines("/events")) yield line as LiveEvent;
  }

  #hurried(patience: number): Connection {
    return new Connection(this.name, this.#path, { patience });
  }

  #checkedState(answer: object): State {
    const state = answer as Partial<State>;
    if (state.isoline !== 1) throw this.#connection.lost("it speaks another version; use the isoline that started it");
    return state as State;
  }
}
