/**
 * A supervising thread that serves several namespaces of the seccomp sensor, in turns. Each has a session, an engine and a memory of
 * verdicts of its own; they share the thread, its code and its heap.
 *
 *   while calls come     one wait in the kernel for all listeners; then each that has calls decides about a few of them
 *   a doorbell signal    requests are answered, new namespaces opened
 *   a last process gone  what is left to say of it is said in parts
 *   a record under way   what is recorded in a TPM stands still until it is there, or late; the others go on
 *
 * A namespace that took the thread for long, with whatever, lets the others go first for as long, also in the moment between two calls of
 * theirs. What this cannot do: interrupt one decision, or one explanation.
 */
import { setImmediate, setTimeout } from "node:timers/promises";
import { parentPort, receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import {
  armDoorbell,
  awaitTurns,
  currentThread,
  ownRights,
  prepareMoments,
  returnLarger,
  serveUrgently,
} from "@isoline/linux";
import type { SupervisorMessage } from "./messages.ts";
import { Seat, type SeatData } from "./seat.ts";

/** To the thread. */
export interface Seating extends SeatData {
  readonly seat: number;
}

/** From the thread: where it can be rung; a message of a namespace; a namespace that is left. */
export type FromSharedThread =
  | { readonly tid: number }
  | { readonly seat: number; readonly message: SupervisorMessage }
  | { readonly seat: number; readonly left: true };

/** Tables double when they are full; the memory of the smaller one is not reused. */
const LARGE_BYTES = 128 * 1024;
/** How often to look for a filter that a client installs, and for what a TPM has recorded. */
const LOOK_MS = 2;
/** A namespace that called within this time may call again at once. */
const BETWEEN_CALLS_MS = 20;
/** After a turn that took less, the moment between two calls of a neighbour is not waited for: the wait would take longer. */
const LONG_TURN_MS = 5;

const port = parentPort as MessagePort;
const tell = (message: FromSharedThread) => port.postMessage(message);

class Service {
  readonly #seats = new Map<number, Seat>();
  readonly #arrived: Seating[] = [];
  /** How many are being born in a TPM: the others are served meanwhile. */
  #unborn = 0;
  readonly #rights = ownRights();

  /** Serves until the process ends. */
  async run(): Promise<never> {
    for (;;) {
      if (this.#unborn > 0) await this.#moment();
      else if (this.#seats.size === 0 && this.#arrived.length === 0) await this.#anyMessage();
      for (const seating of this.#arrived.splice(0)) {
        const opened = this.#open(seating);
        if (seating.plan.tpm === undefined) await opened;
      }
      for (const [number, seat] of this.#seats) if (!seat.isRecording) await this.#answerRest(number, seat);
      this.#serve();
    }
  }

  /** Has Node deliver what has come. */
  async #moment(): Promise<void> {
    await (this.#seats.size > 0 ? setImmediate() : setTimeout(LOOK_MS));
    this.#arrive();
  }

  #arrive(): void {
    for (let got = take(); got !== undefined; got = take()) this.#arrived.push(got);
  }

  #anyMessage(): Promise<void> {
    return new Promise((resolve) => {
      port.once("message", (seating: Seating) => {
        this.#arrived.push(seating);
        resolve();
      });
    });
  }

  async #open({ seat: number, ...data }: Seating): Promise<void> {
    this.#unborn += 1;
    const seat = await Seat.open(data, (message) => tell({ seat: number, message }));
    this.#unborn -= 1;
    if (seat === undefined) tell({ seat: number, left: true });
    else this.#seats.set(number, seat);
  }

  /** Decides about calls until something is to be done outside of the kernel, or nothing is left to serve. */
  #serve(): void {
    while (this.#seats.size > 0) {
      if (this.#attend() === "leave") return;
      const running = [...this.#seats].filter(
        ([, seat]) => seat.sensor !== undefined && !seat.isEnding && !seat.isRecording,
      );
      const due = calling(running, this.#patience());
      const isOneBeginning = [...this.#seats.values()].some((seat) => seat.isBeginning);
      const receive = ([number, seat]: Seated) => this.#attempt(number, seat, () => seat.sensor?.receive());
      // What it told may have been recorded during the wait, or be told now: its calls are decided when that is there.
      const decide = (seat: Seat) => seat.goesOn() && seat.turn() === "ended" && seat.finish();
      for (const [number, seat] of firstOf(due, running, isOneBeginning, receive))
        if (this.#seats.has(number)) this.#attempt(number, seat, () => decide(seat));
      if (this.#unborn > 0) return;
    }
  }

  /** Requests, filters that were installed, namespaces that have ended or arrived. */
  #attend(): "stay" | "leave" {
    let next: "stay" | "leave" = "stay";
    for (const [number, seat] of this.#seats) {
      this.#attempt(number, seat, () => {
        if (seat.look() === "over") return this.#leave(number, () => seat.drop());
        if (!seat.goesOn() || !this.#mayGo(seat)) return;
        const answered = seat.isAsked ? seat.answer() : "done";
        if (answered === "later") next = "leave";
        if (answered === "over") seat.finish();
        if (seat.isEnding && seat.proceed() === "over") this.#leave(number, () => {});
      });
    }
    this.#arrive();
    return this.#arrived.length > 0 ? "leave" : next;
  }

  /** Whether it need not let others go first with what is asked of it, or left to say of it. */
  #mayGo({ asksRestUntil }: Seat): boolean {
    return this.#seats.size === 1 || asksRestUntil <= performance.now();
  }

  /** For how many milliseconds to wait for calls; -1 without a limit. */
  #patience(): number {
    const waits = Array.from(this.#seats.values(), (seat) => {
      if (seat.isRecording) return LOOK_MS;
      const look = seat.sensor === undefined ? LOOK_MS : Number.POSITIVE_INFINITY;
      if (!seat.isAsked && !seat.isEnding) return look;
      return this.#mayGo(seat) ? 0 : Math.min(look, Math.max(0, Math.ceil(seat.asksRestUntil - performance.now())));
    });
    const least = Math.min(...waits, this.#unborn > 0 ? LOOK_MS : Number.POSITIVE_INFINITY);
    return least === Number.POSITIVE_INFINITY ? -1 : least;
  }

  #leave(number: number, end: () => void): void {
    this.#seats.delete(number);
    end();
    tell({ seat: number, left: true });
  }

  /** A fault of one namespace ends that namespace, and no other; unless the thread itself is not what it was. */
  #attempt(number: number, seat: Seat, act: () => unknown): void {
    try {
      act();
    } catch (fault) {
      this.#fail(number, seat, fault);
    }
  }

  /** What needs code or a file that is not loaded: either may be missing, or be another one by now. */
  async #answerRest(number: number, seat: Seat): Promise<void> {
    try {
      await seat.answerRest();
    } catch (fault) {
      this.#fail(number, seat, fault);
    }
  }

  #fail(number: number, seat: Seat, fault: unknown): void {
    this.#seats.delete(number);
    seat.fail(fault);
    tell({ seat: number, left: true });
    // With rights of a task it must not go on: all its listeners are closed with it.
    if (ownRights() !== this.#rights) throw fault;
  }
}

type Seated = readonly [number: number, seat: Seat];

/** Those that have calls, of which the wait is for so many milliseconds; -1 waits without a limit. */
function calling(seated: readonly Seated[], milliseconds: number): readonly Seated[] {
  const sensors = seated.flatMap(([, { sensor }]) => (sensor === undefined ? [] : [sensor]));
  const ready = awaitTurns(sensors, milliseconds);
  return seated.filter((_, index) => ready[index]);
}

/**
 * Those that go first: before one that had a long turn, also a neighbour that is between two calls, or that is about to begin. None
 * where that one is to wait a little longer; its calls are received meanwhile.
 */
function firstOf(
  due: readonly Seated[],
  running: readonly Seated[],
  isOneBeginning: boolean,
  receive: (seated: Seated) => void,
): readonly Seated[] {
  // A doorbell has ended the wait, or there is a filter to look for.
  if (due.length === 0) return [];
  const now = performance.now();
  const rested = due.filter(([, { restsUntil }]) => restsUntil <= now);
  const rest = Math.min(...due.map(([, { restsUntil }]) => restsUntil)) - now;
  if (rested.length > 0 || rest < LONG_TURN_MS) return rested.length > 0 ? rested : due;
  const others = running.filter((each) => !due.includes(each));
  const isOneBetween = others.some(([, { lastTurn }]) => now - lastTurn < BETWEEN_CALLS_MS);
  if (!isOneBetween && !isOneBeginning) return due;
  for (const seated of due) receive(seated);
  const patience = isOneBeginning ? LOOK_MS : Math.min(Math.ceil(rest), BETWEEN_CALLS_MS);
  const come = calling(others, patience);
  // A doorbell that interrupts the wait is answered first.
  const isInterrupted = performance.now() - now < patience;
  return come.length > 0 || isOneBeginning || isInterrupted ? come : due;
}

function take(): Seating | undefined {
  return (receiveMessageOnPort(port) as { message: Seating } | undefined)?.message;
}

returnLarger(LARGE_BYTES);
armDoorbell();
// It is not ended: with the last namespace the timer would go, and a workload could have used up what the next one is made of.
prepareMoments();
serveUrgently();
tell({ tid: currentThread() });
void new Service().run();
