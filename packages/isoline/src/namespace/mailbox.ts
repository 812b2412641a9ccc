/** The supervising thread's end of the requests. The thread blocks in the kernel, and reads them after its doorbell signal. */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { cells, type ControlBlock } from "./control-block.ts";
import type { Driver } from "./drivers/driver.ts";
import type { SupervisorMessage } from "./messages.ts";
import type { Envelope } from "./requests.ts";
import type { Session } from "./session.ts";

/** Who knows the answers. */
type Answerer = Pick<Session, "canAnswer" | "answer" | "amend" | "loadIntegrity" | "hardware">;

export class Mailbox {
  readonly #block: ControlBlock;
  readonly #port: MessagePort;
  readonly #session: Answerer;
  readonly #driver: Pick<Driver, "adapt">;
  readonly #say: (message: SupervisorMessage) => void;
  /** No code is loaded while the thread blocks in the kernel, so a request that needs further code waits here. */
  readonly #unanswered: Envelope[] = [];

  constructor(
    block: ControlBlock,
    port: MessagePort,
    session: Answerer,
    driver: Pick<Driver, "adapt">,
    say: (message: SupervisorMessage) => void,
  ) {
    this.#block = block;
    this.#port = port;
    this.#session = session;
    this.#driver = driver;
    this.#say = say;
  }

  /**
   * Answers the pending requests, and begins no further one after so many milliseconds, nor while one is being recorded: what is left
   * then is answered the next time. Returns whether the thread must leave the kernel.
   */
  answer(milliseconds = Number.POSITIVE_INFINITY): "go-on" | "stop" {
    const rung = Atomics.load(this.#block, cells.rung);
    const until = performance.now() + milliseconds;
    let next: "go-on" | "stop" = "go-on";
    for (let envelope = this.#take(); envelope !== undefined; envelope = this.#take()) {
      const { request } = envelope;
      const waits = this.#unanswered.length > 0 || !this.#session.canAnswer(request);
      if (waits) this.#unanswered.push(envelope);
      else this.#reply(envelope);
      if (waits || request.ask === "abandon") next = "stop";
      if (performance.now() > until || this.#isRecording) return next;
    }
    Atomics.store(this.#block, cells.answered, rung);
    return next;
  }

  /** The namespace has ended: who asks still is told so. */
  dismiss(): void {
    const rung = Atomics.load(this.#block, cells.rung);
    for (const envelope of this.#unanswered.splice(0)) this.#say(unanswered(envelope));
    for (let envelope = this.#take(); envelope !== undefined; envelope = this.#take()) this.#say(unanswered(envelope));
    Atomics.store(this.#block, cells.answered, rung);
  }

  get hasUnanswered(): boolean {
    return this.#unanswered.length > 0;
  }

  /** Answers the requests that had to wait: for their code, or for a file to be read. */
  async answerRest(): Promise<void> {
    while (!this.#isRecording) {
      const envelope = this.#unanswered.shift();
      if (envelope === undefined) break;
      const { id, request } = envelope;
      if (request.ask === "amend") this.#say({ kind: "reply", id, value: await this.#session.amend(request) });
      else {
        await this.#session.loadIntegrity();
        this.#reply(envelope);
      }
    }
    this.#driver.adapt();
  }

  get #isRecording(): boolean {
    return this.#session.hardware?.isUnderWay === true;
  }

  #take(): Envelope | undefined {
    return (receiveMessageOnPort(this.#port) as { message: Envelope } | undefined)?.message;
  }

  #reply({ id, request }: Envelope): void {
    this.#say({ kind: "reply", id, value: this.#session.answer(request) });
    // The request may have changed what the kernel decides by itself.
    this.#driver.adapt();
  }
}

function unanswered({ id }: Envelope): SupervisorMessage {
  return { kind: "reply", id, value: undefined };
}
