/**
 * Acts that a person decides about. The sensor holds the call of such an act; when there is an answer, the call is decided from the
 * beginning, so that what happens is what was asked about: an answer holds for one point, in one call of one thread.
 *
 *   begin    a call is about to be decided, with the answers that were given for it so far
 *   answerTo the engine asks about an off-contour act of that call
 *   take     the act that nothing was answered about yet, if the decision ended with one
 *   hold     the sensor holds the call; the question is told
 *   settle   an answer: the call is decided again
 *
 * There is no clock here: who asks keeps the deadlines.
 */
import type { Digest } from "@isoline/core/digest";
import type { Answer, Circumstances } from "@isoline/core/engine";
import { type Event, subjectRecord } from "@isoline/core/event";

/** Instead of a verdict: the call waits for an answer, and will be decided again. */
export const HELD = -2;

/** The answers that were given for one call, by point. */
export type Answers = Map<Digest, Answer>;

/** A call that the sensor holds. */
export interface HeldCall {
  readonly answers: Answers;
  /** Whether its task still waits. */
  stillWaits(): boolean;
  /** Has it decided again. */
  again(): void;
  /** Instead of that, once its task does not wait any more. */
  ended?(): void;
}

/** An act that waits for an answer. */
export interface Question {
  readonly id: number;
  readonly event: Event;
  readonly point: Digest;
  readonly circumstances: Circumstances;
}

/**
 * What can be answered. `always`: the contour permits the act by now, so it is decided again without an answer. `late`: no answer came
 * in time, so the act is refused; if the process tries again, it is asked about again.
 */
export type Settlement = Answer | "always" | "late";

export interface AskingOptions {
  /** How many acts may wait at once; what comes after them is refused. */
  readonly most: number;
  readonly onQuestion: (question: Question) => void;
  /** A question that needs no answer any more: its task has ended. */
  readonly onWithdrawn: (id: number) => void;
  /** An act that was refused because too many are waiting. */
  readonly onOverflow: (event: Event, circumstances: Circumstances) => void;
  /** An act that comes with a program which may always be started, and so belongs on the contour as well. */
  readonly onAlong: (event: Event, circumstances: Circumstances) => void;
}

interface Waiting {
  readonly question: Question;
  readonly call: HeldCall;
}

/** Refusals and started programs that are remembered; beyond this many, an act is asked about again. */
const MOST_REMEMBERED = 4096;

export class Asking {
  readonly #options: AskingOptions;
  readonly #waiting = new Map<number, Waiting>();
  /** Points that were refused, by process: a process that tries again is refused without a question. */
  readonly #refused = new Map<number, Set<Digest>>();
  /** Processes that were answered about an exec, and their children. */
  readonly #started = new Map<number, "once" | "always">();
  #answers: Answers = new Map();
  #pending: Omit<Question, "id"> | undefined;
  #isLossy = false;
  #next = 1;

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /** A call is about to be decided. */
  begin(answers: Answers = new Map()): void {
    this.#answers = answers;
    this.#pending = undefined;
    this.#isLossy = false;
  }

  /** A part of the call could not be observed, so nothing can be asked about it: a person would not know what is answered. */
  noteLoss(): void {
    this.#isLossy = true;
  }

  /** The answer about an act of the call that is being decided. If there is none, and room for a question, the act is asked about. */
  answerTo(event: Event, point: Digest, circumstances: Circumstances): Answer | "ask" {
    const { process } = circumstances;
    const given = this.#answers.get(point);
    if (given !== undefined) return given;
    if (this.#isLossy || this.#refused.get(process)?.has(point)) return "refuse";
    const started = this.#started.get(process);
    if (started !== undefined && comesWithAProgram(event)) {
      if (started === "always") this.#options.onAlong(event, circumstances);
      return "once";
    }
    if (this.#waiting.size >= this.#options.most) {
      this.#options.onOverflow(event, circumstances);
      return "refuse";
    }
    this.#pending = { event, point, circumstances };
    return "ask";
  }

  /** The sensor holds the call whose decision ended with a question. */
  hold(call: HeldCall): void {
    const pending = this.#pending;
    this.#pending = undefined;
    // Without a question no answer would ever come.
    if (pending === undefined) return call.again();
    const question = { id: this.#next++, ...pending };
    this.#waiting.set(question.id, { question, call });
    this.#options.onQuestion(question);
  }

  question(id: number): Question | undefined {
    return this.#waiting.get(id)?.question;
  }

  /** False if nothing waits under this number any more. */
  settle(id: number, how: Settlement): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    this.#waiting.delete(id);
    const { question, call } = waiting;
    if (!call.stillWaits()) {
      call.ended?.();
      this.#options.onWithdrawn(id);
      return false;
    }
    this.#note(question, how);
    if (how !== "always") call.answers.set(question.point, how === "late" ? "refuse" : how);
    call.again();
    return true;
  }

  /** The contour permits more than before: what it permits now needs no answer. */
  decideAgain(isOn: (question: Question) => boolean): readonly number[] {
    const settled: number[] = [];
    for (const [id, { question, call }] of [...this.#waiting]) {
      if (!isOn(question)) continue;
      this.#waiting.delete(id);
      settled.push(id);
      if (call.stillWaits()) call.again();
      else call.ended?.();
    }
    return settled;
  }

  /** Withdraws the questions of tasks that have ended. */
  sweep(): void {
    for (const [id, { call }] of [...this.#waiting]) {
      if (call.stillWaits()) continue;
      this.#waiting.delete(id);
      call.ended?.();
      this.#options.onWithdrawn(id);
    }
  }

  born(process: number, parent: number | undefined): void {
    const started = parent === undefined ? undefined : this.#started.get(parent);
    if (started !== undefined && this.#started.size < MOST_REMEMBERED) this.#started.set(process, started);
  }

  died(process: number): void {
    this.#refused.delete(process);
    this.#started.delete(process);
  }

  #note({ event, point, circumstances: { process } }: Question, how: Settlement): void {
    if (how === "refuse") {
      const points = this.#refused.get(process) ?? new Set();
      if (points.size < MOST_REMEMBERED) points.add(point);
      this.#refused.set(process, points);
    }
    const starts = event.op === "exec" && (how === "once" || how === "always");
    if (starts && this.#started.size < MOST_REMEMBERED) this.#started.set(process, how);
  }
}

const SYSTEM =
  /^\/(?:usr|lib|lib32|lib64|libx32|bin|sbin)\/|^\/etc\/(?:ld\.so\.cache|ld\.so\.preload|locale\.alias|localtime)$/;
/** What the kernel tells every program about itself and the machine, and devices without content. */
const TOLD =
  /^\/proc\/(?:\$self\/(?:maps|statm?|status)|cpuinfo|filesystems|meminfo|stat|version)$|^\/dev\/(?:null|zero|random|urandom)$/;
const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o022;

/**
 * What a program reads of what is installed: files of root that everyone may read and only root may write, in the system's
 * directories. No secret is among them, and a person who lets a program start expects it.
 */
function comesWithAProgram(event: Event): boolean {
  const { path, access, mode, uid } = subjectRecord(event) as Record<string, unknown>;
  if (typeof path !== "string" || typeof mode !== "number" || uid !== 0) return false;
  const isInstalled = SYSTEM.test(path) && (mode & OTHERS_READ) !== 0 && (mode & OTHERS_WRITE) === 0;
  if (event.op === "map") return isInstalled && access === "execute";
  return event.op === "open" && access === "read" && (isInstalled || TOLD.test(path));
}
