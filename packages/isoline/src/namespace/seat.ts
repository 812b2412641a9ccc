/** One namespace of a thread that serves several: opened from its plan, served in turns, finished at its end. */
import type { MessagePort } from "node:worker_threads";
import { IsolineError } from "@isoline/core/error";
import { currentThread, type SeccompSensor } from "@isoline/linux";
import { cells, type ControlBlock, publish } from "./control-block.ts";
import { SeccompDriver } from "./drivers/seccomp.ts";
import { lastWords } from "./last-words.ts";
import { Mailbox } from "./mailbox.ts";
import type { LaunchOrder, SupervisorMessage } from "./messages.ts";
import type { Plan } from "./plan.ts";
import { Session } from "./session.ts";

/** What a seat is opened with. */
export interface SeatData {
  readonly block: ControlBlock;
  readonly requests: MessagePort;
  readonly launcher: MessagePort;
  /** Leads to the thread that records it in a TPM. */
  readonly recorder?: MessagePort | undefined;
  readonly plan: Plan;
}

/** How many calls are decided before the others have their turn. */
const CALLS_IN_A_TURN = 32;
/** A turn begins no further decision, and no further answer, after this time: 32 decisions that hash large files would take minutes. */
const TURN_MS = 20;
/** One decision may take longer than any neighbour is to be preferred for. */
const LONGEST_REST_MS = 2000;
/** A client that takes longer to begin is not waited for. */
const BEGINNING_MS = 1000;

export class Seat {
  readonly #session: Session;
  readonly #driver: SeccompDriver;
  readonly #mailbox: Mailbox;
  readonly #block: ControlBlock;
  readonly #say: (message: SupervisorMessage) => void;
  #sensor: SeccompSensor | undefined;
  /** Once its last process has ended. */
  #lastWords: Generator<undefined, void> | undefined;
  #hasLastWord = false;
  /** Until then the calls of others come first: it has had the thread for as long. */
  restsUntil = 0;
  /** The same for what is asked of it and left to say of it. Its calls, which may never pause, do not count: they would keep it silent. */
  asksRestUntil = 0;
  readonly #since = performance.now();
  /** When it last had a turn. */
  lastTurn = 0;

  private constructor(
    session: Session,
    { block, requests, plan }: SeatData,
    say: (message: SupervisorMessage) => void,
  ) {
    this.#session = session;
    this.#block = block;
    this.#say = say;
    this.#driver = new SeccompDriver(plan, block, session);
    this.#mailbox = new Mailbox(block, requests, session, this.#driver, say);
  }

  /** Loads and checks what the plan names; undefined, with the reason said, if that fails. */
  static async open(data: SeatData, say: (message: SupervisorMessage) => void): Promise<Seat | undefined> {
    const { block, launcher, plan, recorder } = data;
    Atomics.store(block, cells.supervisorTid, currentThread());
    let session: Session | undefined;
    try {
      session = await Session.prepare({ ...plan, sharesThread: true }, block, say, recorder);
      const seat = new Seat(session, data, say);
      const { landlock, mitigations } = session;
      launcher.postMessage({
        landlock,
        sensor: plan.sensor,
        openFiles: undefined,
        mitigations,
      } satisfies LaunchOrder);
      publish(block, cells.ready, 1);
      say({ kind: "ready" });
      return seat;
    } catch (fault) {
      // Its birth may be recorded, and this thread goes on: what it holds would be held to the end of that.
      session?.neverRan();
      session?.close();
      recorder?.close();
      say(failureOf(fault));
      return undefined;
    }
  }

  /** Undefined until its workload has a filter. */
  get sensor(): SeccompSensor | undefined {
    return this.#sensor;
  }

  /** Whether its workload will have a filter in a moment. */
  get isBeginning(): boolean {
    return this.#sensor === undefined && performance.now() - this.#since < BEGINNING_MS;
  }

  /** Looks whether the workload has a filter by now; `over` if it will never have one. */
  look(): "waits" | "runs" | "over" {
    if (this.#sensor !== undefined) return "runs";
    if (Atomics.load(this.#block, cells.listener) === 0) return "waits";
    this.#sensor = this.#driver.start();
    if (this.#sensor === undefined) return "over";
    this.#session.attach(this.#sensor);
    return "runs";
  }

  /** Whether what it told is being recorded, as far as is known. */
  get isRecording(): boolean {
    return this.#session.hardware?.isUnderWay ?? false;
  }

  /** Gives the answers that waited for a record. False while it is not there: nothing of it is decided, answered or said then. */
  goesOn(): boolean {
    if (this.#session.hardware?.goesOn() === false) return false;
    this.#sensor?.release();
    return true;
  }

  /** Whether requests wait for an answer. */
  get isAsked(): boolean {
    const isRung = Atomics.load(this.#block, cells.rung) !== Atomics.load(this.#block, cells.answered);
    return isRung || this.#mailbox.hasUnanswered;
  }

  /** Answers requests; `later` if some need code or a file, `over` if the supervision is to end. */
  answer(): "done" | "later" | "over" {
    if (this.isEnding) {
      // Requests that came before the end are answered with the first part of what is left to say.
      if (this.#hasLastWord) this.#mailbox.dismiss();
      return "done";
    }
    const next = this.#asked(() => this.#mailbox.answer(TURN_MS));
    if (this.#mailbox.hasUnanswered) return "later";
    return next === "go-on" ? "done" : "over";
  }

  async answerRest(): Promise<void> {
    const began = performance.now();
    if (!this.isEnding) await this.#mailbox.answerRest();
    this.#chargeAsked(began);
  }

  /** Decides about some calls. */
  turn(): "ended" | "idle" | "busy" {
    const began = performance.now();
    const state = this.#sensor?.turn(CALLS_IN_A_TURN, TURN_MS) ?? "idle";
    this.lastTurn = performance.now();
    this.restsUntil = Math.max(this.restsUntil, restAfter(began));
    return state;
  }

  /** The last process has ended: no call comes any more, and what is left to say is said in parts. */
  finish(): void {
    const leaving = { session: this.#session, driver: this.#driver, mailbox: this.#mailbox };
    this.#lastWords ??= lastWords(leaving, this.#say);
  }

  get isEnding(): boolean {
    return this.#lastWords !== undefined;
  }

  /** Writes what was observed and says it, a part at a time. */
  proceed(): "more" | "over" {
    this.#hasLastWord = true;
    return this.#asked(() => (this.#lastWords?.next().done === false ? "more" : "over"));
  }

  /** It cannot be supervised any more: its listeners are closed, so mediated calls fail. */
  fail(fault: unknown): void {
    this.#say(failureOf(fault));
    try {
      this.#driver.fail();
    } finally {
      this.#session.close();
    }
  }

  /** Nothing of it was started. */
  drop(): void {
    this.#session.neverRan();
    this.#session.close();
    this.#say({ kind: "failed", code: "agent-refused", message: "nothing was started" });
  }

  #asked<T>(act: () => T): T {
    const began = performance.now();
    const outcome = act();
    this.#chargeAsked(began);
    return outcome;
  }

  #chargeAsked(began: number): void {
    this.asksRestUntil = restAfter(began);
    this.restsUntil = Math.max(this.restsUntil, this.asksRestUntil);
  }
}

/** Whatever a namespace has the thread for, it rests for as long. */
function restAfter(began: number): number {
  const now = performance.now();
  return now + Math.min(now - began, LONGEST_REST_MS);
}

function failureOf(fault: unknown): SupervisorMessage {
  const code = fault instanceof IsolineError ? fault.code : "internal";
  return { kind: "failed", code, message: fault instanceof Error ? fault.message : String(fault) };
}
