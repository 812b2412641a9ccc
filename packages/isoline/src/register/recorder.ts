/**
 * Records what happens in one namespace in the TPM, before the call that caused it goes ahead. The supervising thread blocks in the
 * kernel, so another thread has the TPM, and is told in shared memory what it has recorded. A record is waited for with a deadline: in
 * this memory (`record`), or between the calls of others (`send`).
 */
import type { MessagePort } from "node:worker_threads";
import { CliError, type CliErrorCode } from "../error.ts";
import type { Beginning, InLedger, Registered, Told } from "./host-registers.ts";
import { Life } from "./lives.ts";
import type { TpmPlan } from "./plan.ts";
import type { RecorderAnswer, RecorderOrder } from "./recorded-namespace.ts";
import { RecorderThreads } from "./recorder-threads.ts";
import { DONE, IN_ALL, OF_NAME, TURN, WORDS } from "./recorder-words.ts";

/** For a record. */
const DEADLINE_MS = 3000;
/** Letters of the TPM's address in words: its end, where it is longer. */
const MOST_ADDRESS = 120;

export class Recorder {
  /** The namespace in the registers. */
  readonly registered: Registered;
  readonly #plan: TpmPlan;
  /** Of this thread, which supervises. */
  readonly #life: Life;
  readonly #port: MessagePort;
  readonly #words: Int32Array<SharedArrayBuffer>;
  #sent = 0;
  #deadline = 0;
  #isClosed = false;

  private constructor(
    plan: TpmPlan,
    life: Life,
    registered: Registered,
    { port, words }: { readonly port: MessagePort; readonly words: Int32Array<SharedArrayBuffer> },
  ) {
    this.#plan = plan;
    this.#life = life;
    this.registered = registered;
    this.#port = port;
    this.#words = words;
  }

  /**
   * Begins the namespace in the TPM, by the thread that a port leads to; without one, by a thread of its own. Throws if that cannot be
   * done: nothing was started yet.
   */
  static async begin(
    plan: TpmPlan,
    about: Beginning,
    port: MessagePort = new RecorderThreads().connect(plan),
  ): Promise<Recorder> {
    let life: Life | undefined;
    try {
      life = Life.begin(plan.ledger);
      return await Recorder.#with(plan, about, { life, port });
    } catch (fault) {
      life?.end();
      port.close();
      throw fault;
    }
  }

  static async #with(
    plan: TpmPlan,
    about: Beginning,
    { life, port }: { readonly life: Life; readonly port: MessagePort },
  ): Promise<Recorder> {
    const words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
    const answer = new Promise<RecorderAnswer>((resolve) => {
      port.once("message", resolve);
      port.once("close", () =>
        resolve({ code: "namespace-lost", message: "the thread that records in the TPM has ended; start it again" }),
      );
    });
    port.postMessage({ begin: about, life: life.path, words } satisfies RecorderOrder);
    const told = await answer;
    port.unref();
    if ("registered" in told) return new Recorder(plan, life, told.registered, { port, words });
    throw new CliError(told.code as CliErrorCode, told.message);
  }

  /** What the ledger has, other runs included, as of the last record of this one. */
  get inLedger(): InLedger {
    const read = ({ departures, losses }: { readonly departures: number; readonly losses: number }) => ({
      departures: Atomics.load(this.#words, departures),
      losses: Atomics.load(this.#words, losses),
    });
    return { ofName: read(OF_NAME), inAll: read(IN_ALL) };
  }

  /** How much of what happened is not in the TPM yet. */
  get owed(): number {
    return this.#sent - Atomics.load(this.#words, DONE);
  }

  /** Why: for the person who reads that something was lost, and has to do something. */
  get remedy(): string {
    return `the TPM at ${shown(this.#plan.address)} did not take a record in time; start it again, or see why it does not answer`;
  }

  /** Whether what was sent last may still be recorded in time. */
  get isInTime(): boolean {
    return performance.now() < this.#deadline;
  }

  /**
   * Records something and waits until it is on disk and in the TPM, through attempts that fail. False if it is not there in time: it is
   * recorded as soon as the TPM takes it. While something else is owed there is no wait.
   */
  record(item: Told): boolean {
    const wasOwed = this.owed > 0;
    this.send(item);
    return !wasOwed && this.wait();
  }

  /** Sends something to be recorded. It is in time if it is recorded by the deadline that begins here. */
  send(item: Told): void {
    this.#sent += 1;
    this.#deadline = performance.now() + DEADLINE_MS;
    this.#port.postMessage({ item, number: this.#sent } satisfies RecorderOrder);
  }

  /** Waits until everything that was sent is recorded, and at most to the deadline of the last. Whether it is. */
  wait(): boolean {
    for (;;) {
      const turn = Atomics.load(this.#words, TURN);
      if (this.owed === 0) return true;
      const left = this.#deadline - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.#words, TURN, turn, left);
    }
  }

  /** Nothing more is told. What is owed is recorded as long as the thread that does so lives. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.postMessage({ close: true } satisfies RecorderOrder);
    this.#life.end();
  }
}

/** It becomes the reason of a loss in the ledger, which is not long. */
function shown(address: string): string {
  return address.length <= MOST_ADDRESS ? address : `…${address.slice(1 - MOST_ADDRESS)}`;
}
