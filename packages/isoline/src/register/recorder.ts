/**
 * Records what happens in one namespace in the TPM, before the call that caused it goes ahead. The supervising thread blocks in the
 * kernel, so a thread of its own has the TPM, and the supervising thread waits for it in shared memory, with a deadline.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { CliError, type CliErrorCode } from "../error.ts";
import type { Beginning, InLedger, Registered, Told } from "./host-registers.ts";
import { Life } from "./lives.ts";
import type { TpmPlan } from "./plan.ts";
import type { RecorderAnswer, RecorderOrder, RecorderThreadData } from "./recorder-thread.ts";
import { DONE, IN_ALL, OF_NAME, TURN, WORDS } from "./recorder-words.ts";

/** For one answer of the TPM, and for the turn among those who use it. */
const PATIENCE_MS = 2000;
/** For a record. */
const DEADLINE_MS = 3000;

export class Recorder {
  /** The namespace in the registers. */
  readonly registered: Registered;
  readonly #plan: TpmPlan;
  /** Of this thread, which supervises. */
  readonly #life: Life;
  readonly #port: MessagePort;
  readonly #words: Int32Array<SharedArrayBuffer>;
  #sent = 0;

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

  /** Begins the namespace in the TPM. Throws if that cannot be done: nothing was started yet. */
  static async begin(plan: TpmPlan, about: Beginning): Promise<Recorder> {
    const life = Life.begin(plan.ledger);
    try {
      return await Recorder.#with(plan, about, life);
    } catch (fault) {
      life.end();
      throw fault;
    }
  }

  static async #with(plan: TpmPlan, about: Beginning, life: Life): Promise<Recorder> {
    const words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(new URL("./recorder-thread.js", import.meta.url), {
      stdout: true,
      stderr: true,
      workerData: { plan, patienceMs: PATIENCE_MS, port: port2, words } satisfies RecorderThreadData,
      transferList: [port2],
    });
    const answer = new Promise<RecorderAnswer>((resolve, reject) => {
      port1.once("message", resolve);
      worker.once("error", reject);
    });
    port1.postMessage({ begin: about, life: life.path } satisfies RecorderOrder);
    const told = await answer;
    worker.unref();
    port1.unref();
    if ("registered" in told) return new Recorder(plan, life, told.registered, { port: port1, words });
    await worker.terminate();
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

  /** Whether something that happened is not in the TPM yet. */
  get owes(): boolean {
    return Atomics.load(this.#words, DONE) !== this.#sent;
  }

  /** Why: for the person who reads that something was lost, and has to do something. */
  get remedy(): string {
    return `the TPM at ${this.#plan.address} did not take a record in time; start it again, or see why it does not answer`;
  }

  /**
   * Records something and waits until it is on disk and in the TPM, through attempts that fail. False if it is not there in time: it is
   * recorded as soon as the TPM takes it. While something else is owed there is no wait.
   */
  record(item: Told): boolean {
    const owed = this.owes;
    this.#sent += 1;
    this.#port.postMessage({ item, number: this.#sent } satisfies RecorderOrder);
    return !owed && this.#wait(performance.now() + DEADLINE_MS);
  }

  /** The last thing that a namespace does with its register. What is owed is recorded for as long as the other thread goes on. */
  close(): void {
    this.#port.postMessage({ close: true } satisfies RecorderOrder);
    this.#life.end();
  }

  #wait(until: number): boolean {
    for (;;) {
      const turn = Atomics.load(this.#words, TURN);
      if (!this.owes) return true;
      const left = until - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.#words, TURN, turn, left);
    }
  }
}
