/**
 * The sensor's end of a session: notes are gathered and travel with the next question, and a question waits for its answer. Once
 * anything is wrong the session is over for good: whatever is asked then has no answer.
 */
import { IsolineError } from "@isoline/core/error";
import type { Frames } from "./frames.ts";
import type { AnswerTo, Note, QuestionName, QuestionOf } from "./messages.ts";
import { answerIn, readAnswer } from "./read-answer.ts";
import { within } from "./stream.ts";

/** Notes are sent by themselves beyond so many, so that a frame can hold them and the engine does not fall behind. */
const MOST_GATHERED = 1024;
const MOST_COUNTS = 8192;
/** A note has at most a reason and a cause in it. */
const MOST_CHARACTERS = 128 * 1024;

export class Asker {
  readonly #frames: Frames;
  readonly #milliseconds: number;
  readonly #onLost: (why: string) => void;
  readonly #notes: Note[] = [];
  /** How often known events happened again of which nothing but the number matters. */
  readonly #counts = new Map<number, number>();
  #characters = 0;
  #lost: string | undefined;

  /** `milliseconds`: how long a question waits. `onLost` is called once. */
  constructor(frames: Frames, milliseconds: number, onLost: (why: string) => void) {
    this.#frames = frames;
    this.#milliseconds = milliseconds;
    this.#onLost = onLost;
  }

  /** Why the session is over; undefined while it is not. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Tells the engine something that needs no answer: with the next question, or at once. */
  note(note: Note, atOnce = false): void {
    if (this.#lost !== undefined) return;
    this.#notes.push(note);
    for (const word of note) if (typeof word === "string") this.#characters += word.length;
    if (atOnce || this.#notes.length >= MOST_GATHERED || this.#characters >= MOST_CHARACTERS)
      this.#attempt(() => this.#send({}));
  }

  /** Known events happened again. Their order does not matter, so many of them are one note. */
  count(known: number, times: number): void {
    if (this.#lost !== undefined) return;
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + times);
    if (this.#counts.size >= MOST_COUNTS) this.#attempt(() => this.#send({}));
  }

  /** The answer to a question; undefined if the session is over. */
  ask<N extends QuestionName>(question: QuestionOf<N>, milliseconds = this.#milliseconds): AnswerTo<N> | undefined {
    return this.#attempt(() => {
      const until = within(milliseconds);
      this.#send({ question }, milliseconds);
      return readAnswer(question.ask as N, answerIn(this.#frames.receive(until)));
    });
  }

  /** Ends the session for good. */
  end(why: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    this.#frames.close();
    this.#onLost(why);
  }

  /** Ends a session in which nothing was wrong. */
  close(): void {
    if (this.#lost !== undefined) return;
    this.#lost = "the session has ended";
    this.#frames.close();
  }

  #send(more: object, milliseconds = this.#milliseconds): void {
    const counted = Array.from(this.#counts, ([known, times]): Note => ["unseen", known, times]);
    const told = Buffer.from(JSON.stringify({ notes: [...counted, ...this.#notes], ...more }));
    this.#notes.length = 0;
    this.#counts.clear();
    this.#characters = 0;
    this.#frames.send(told, within(milliseconds));
  }

  #attempt<T>(exchange: () => T): T | undefined {
    if (this.#lost !== undefined) return undefined;
    try {
      return exchange();
    } catch (fault) {
      if (!(fault instanceof IsolineError)) throw fault;
      this.end(fault.message);
      return undefined;
    }
  }
}
