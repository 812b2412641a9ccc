/**
 * The main thread's side of the acts that wait for an answer: who may answer is told of them, the first answer counts, and what is not
 * answered in time is refused.
 */
import { randomBytes } from "node:crypto";
import type { AnswerWord } from "./answer-words.ts";
import type { QuestionReport, Settled } from "./live.ts";
import type { AnswerReport } from "./report.ts";
import type { Ask } from "./requests.ts";

/** A question as those see it who may answer. */
export interface OpenQuestion extends QuestionReport {
  /** By which it is answered. It cannot be guessed, so that an answer is not taken for that of another question. */
  readonly key: string;
  /** When it is refused, if no answer comes: milliseconds since 1970. */
  readonly until: number;
}

/** How a question ended: by an answer, by its deadline (`late`), or because the process has ended (`withdrawn`). */
export interface Ending {
  readonly key: string;
  readonly how: AnswerWord | "late" | "withdrawn";
  /** Who answered. */
  readonly by?: string;
  readonly remark?: string;
}

/** Told of questions as they come and go. */
export interface Asked {
  readonly onAsked: (question: OpenQuestion) => void;
  readonly onOver: (ending: Ending) => void;
}

interface Waiting {
  question: OpenQuestion;
  timer: NodeJS.Timeout;
  isShown: boolean;
}

const DEFAULT_SECONDS = 30;
const SWEEP_MS = 1000;
/** Answers that the report names, and refusals that are kept for a later listener; the workload decides how many there are. */
const MOST_KEPT = 10_000;

export class Questions {
  readonly answers: AnswerReport[] = [];
  /** Whether a question stands on the terminal of this process: nothing else should be written there. */
  isOnTerminal = false;
  readonly #ask: Ask;
  readonly #waiting = new Map<string, Waiting>();
  readonly #listeners = new Set<Asked>();
  #onUnasked: (why: string) => void = (why) => {
    if (this.#unheard.length < MOST_KEPT) this.#unheard.push(why);
  };
  readonly #unheard: string[] = [];
  #seconds = DEFAULT_SECONDS;
  #sweep: NodeJS.Timeout | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Called for each act that was refused without a question, the first of the earlier ones included. */
  set onUnasked(listener: (why: string) => void) {
    this.#onUnasked = listener;
    for (const why of this.#unheard.splice(0)) listener(why);
  }

  /** How long a question waits for an answer. */
  set seconds(seconds: number) {
    this.#seconds = seconds;
  }

  /** Calls a listener for every question from now on, and for those that are open already; the returned function stops that. */
  hear(listener: Asked): () => void {
    this.#listeners.add(listener);
    for (const { question } of this.#waiting.values()) listener.onAsked(question);
    return () => this.#listeners.delete(listener);
  }

  get open(): readonly OpenQuestion[] {
    return [...this.#waiting.values()].map(({ question }) => question);
  }

  heard(report: QuestionReport): void {
    const key = randomBytes(4).toString("hex");
    const question = { ...report, key, until: this.#deadline() };
    this.#waiting.set(key, { question, timer: this.#timer(key), isShown: false });
    this.#sweep ??= setInterval(() => void this.#ask({ ask: "sweep-questions" }), SWEEP_MS).unref();
    for (const { onAsked } of this.#listeners) onAsked(question);
  }

  /** A question is before a person now: its time begins anew, once. Undefined if it is over. */
  shown(key: string): OpenQuestion | undefined {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined || waiting.isShown) return waiting?.question;
    clearTimeout(waiting.timer);
    waiting.isShown = true;
    waiting.timer = this.#timer(key);
    waiting.question = { ...waiting.question, until: this.#deadline() };
    return waiting.question;
  }

  /** The first answer counts. */
  async answer(key: string, how: AnswerWord | "late", by: string): Promise<Settled> {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return { settled: false };
    this.#forget(key);
    const { question } = waiting;
    const settled = (await this.#ask({ ask: "settle", id: question.id, how, by })) ?? { settled: false };
    const remark = settled.remark === undefined ? {} : { remark: settled.remark };
    if (!settled.settled) this.#over({ key, how: "withdrawn" });
    else {
      this.#report({
        point: question.point,
        why: question.why,
        answer: how,
        by,
        at: new Date().toISOString(),
        ...remark,
      });
      this.#over({ key, how, by, ...remark });
    }
    return settled;
  }

  withdrawn(id: number): void {
    for (const [key, { question }] of this.#waiting) {
      if (question.id !== id) continue;
      this.#forget(key);
      this.#over({ key, how: "withdrawn" });
    }
  }

  unasked(why: string): void {
    this.#onUnasked(why);
  }

  end(): void {
    clearInterval(this.#sweep);
    for (const key of [...this.#waiting.keys()]) {
      this.#forget(key);
      this.#over({ key, how: "withdrawn" });
    }
  }

  #report(answer: AnswerReport): void {
    if (this.answers.length < MOST_KEPT) this.answers.push(answer);
  }

  #forget(key: string): void {
    clearTimeout(this.#waiting.get(key)?.timer);
    this.#waiting.delete(key);
  }

  #over(ending: Ending): void {
    for (const { onOver } of this.#listeners) onOver(ending);
  }

  #deadline(): number {
    return Date.now() + this.#seconds * 1000;
  }

  #timer(key: string): NodeJS.Timeout {
    return setTimeout(() => void this.answer(key, "late", "the deadline"), this.#seconds * 1000);
  }
}
