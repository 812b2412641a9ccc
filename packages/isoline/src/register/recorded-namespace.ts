/**
 * One namespace at the thread that records it: its birth, and then what it tells, in its order. After a failure the same item is tried
 * again, for as long as the thread exists: four times a second while the supervising thread may wait for that item, and then each second.
 * So the end of a namespace that came too late for its report is in the ledger all the same, as soon as the TPM takes it.
 */
import type { MessagePort } from "node:worker_threads";
import { IsolineError } from "@isoline/core/error";
import type { Beginning, HostRegisters, Registered } from "./host-registers.ts";
import { RecordQueue } from "./record-queue.ts";
import { DONE, IN_ALL, OF_NAME, TURN } from "./recorder-words.ts";
import type { TpmPlan } from "./plan.ts";

type Words = Int32Array<SharedArrayBuffer>;

export type RecorderOrder =
  | { readonly begin: Beginning; readonly life: string; readonly words: Words }
  | { readonly item: Parameters<RecordQueue["add"]>[0]; readonly number: number }
  | { readonly close: true };

export type RecorderAnswer = { readonly registered: Registered } | { readonly code: string; readonly message: string };

/** `life` is the path of that of its supervisor. */
interface ToBegin {
  readonly about: Beginning;
  readonly life: string;
  readonly words: Words;
}

const SOON_MS = 250;
/** How often it tries again so soon: for somewhat less than the supervising thread waits. */
const MOST_SOON = 10;
const RETRY_MS = 1000;

export class RecordedNamespace {
  readonly plan: TpmPlan;
  /** Undefined until it begins. */
  registers: HostRegisters | undefined;
  readonly #port: MessagePort;
  readonly #queue = new RecordQueue();
  #begin: ToBegin | undefined;
  #begun: { readonly registered: Registered; readonly words: Words } | undefined;
  #failures = 0;
  #notBefore = 0;
  #isClosed = false;

  /** `onOrder` is called when there may be something to do. */
  constructor(plan: TpmPlan, port: MessagePort, onOrder: () => void) {
    this.plan = plan;
    this.#port = port;
    port.on("message", (order: RecorderOrder) => {
      if ("begin" in order) this.#begin = { about: order.begin, life: order.life, words: order.words };
      else if ("close" in order) this.#isClosed = true;
      else this.#queue.add(order.item, order.number);
      onOrder();
    });
    // Its supervising thread is gone: what that had told is recorded all the same, and nothing is born for it any more.
    port.on("close", () => {
      this.#begin = undefined;
      this.#isClosed = true;
      onOrder();
    });
  }

  /** In how many milliseconds there is something to do; undefined if there is nothing. */
  get wait(): number | undefined {
    if (this.#begin !== undefined) return 0;
    return this.#queue.first === undefined ? undefined : Math.max(0, this.#notBefore - performance.now());
  }

  /** Whether nothing comes of it any more, and everything that came is recorded. */
  get isOver(): boolean {
    return this.#isClosed && this.wait === undefined;
  }

  /** Begins it, or records the oldest item. `registersOf` finds where it is recorded. */
  async proceed(registersOf: (plan: TpmPlan) => Promise<HostRegisters>): Promise<void> {
    const beginning = this.#begin;
    this.#begin = undefined;
    if (beginning !== undefined) return this.#bear(beginning, registersOf);
    const { registers } = this;
    const { registered, words } = this.#begun ?? {};
    const item = this.#queue.first;
    if (item === undefined) return;
    if (registers === undefined || registered === undefined || words === undefined) return this.#queue.taken();
    try {
      await registers.record(registered, item.told);
      this.#failures = 0;
      this.#queue.taken();
      tellCounts(words, registers, registered);
      Atomics.store(words, DONE, item.through);
      Atomics.add(words, TURN, 1);
      Atomics.notify(words, TURN);
    } catch (fault) {
      if (this.#queue.loseUnrecordable(registered)) return;
      // A ledger that does not fit the TPM never will again: of what has ended there is nothing left to try.
      if (this.#isClosed && fault instanceof IsolineError && fault.code === "bad-ledger") return this.#queue.drop();
      this.#failures += 1;
      this.#notBefore = performance.now() + (this.#failures <= MOST_SOON ? SOON_MS : RETRY_MS);
    }
  }

  async #bear({ about, life, words }: ToBegin, registersOf: (plan: TpmPlan) => Promise<HostRegisters>): Promise<void> {
    try {
      this.registers = await registersOf(this.plan);
      const registered = await this.registers.begin(about, life);
      this.#begun = { registered, words };
      tellCounts(words, this.registers, registered);
      this.#port.postMessage({ registered } satisfies RecorderAnswer);
    } catch (fault) {
      this.#isClosed = true;
      this.#port.postMessage(said(fault));
    }
  }

  /** Nothing more is recorded of it, so this thread has no part in its life any more. */
  close(): void {
    if (this.#begun !== undefined) this.registers?.leave(this.#begun.registered.birth);
    this.#port.close();
  }
}

function tellCounts(words: Words, registers: HostRegisters, registered: Registered): void {
  const { ofName, inAll } = registers.has(registered);
  for (const what of ["departures", "losses"] as const) {
    Atomics.store(words, OF_NAME[what], ofName[what]);
    Atomics.store(words, IN_ALL[what], inAll[what]);
  }
}

function said(fault: unknown): RecorderAnswer {
  const message = fault instanceof Error ? fault.message : String(fault);
  return { code: fault instanceof IsolineError ? fault.code : "internal", message };
}
