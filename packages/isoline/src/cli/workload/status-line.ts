/**
 * One quiet line at the bottom while a command runs: events, points, and how many points were new of late, which tells
 * whether it has seen enough.
 *
 * It shares the terminal with the workload, so the last row is taken out of what scrolls, as apt does: whatever the
 * workload writes goes on above, half lines and prompts too. A program that draws the terminal itself (an editor, a line
 * editor) has all of it to itself, and so has a job in the foreground that is not ours.
 */
import { isTerminalRaw, ownsTerminal, type TerminalSize, terminalSize } from "@isoline/linux";
import { isTerminal, STDERR, say } from "../output/streams.ts";
import { counted } from "../output/wording.ts";

const REDRAW_MS = 500;
const LATELY_MS = 5000;
/** Fewer rows are too few to take one away. */
const LEAST_ROWS = 5;

export interface Counters {
  readonly events: number;
  readonly points: number;
  /** Points that were there before anything was learnt, where that is known. */
  readonly before?: number | undefined;
}

export class StatusLine {
  readonly #read: () => Counters;
  readonly #history: { readonly at: number; readonly points: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The terminal as it was when its last row was taken. */
  #taken: TerminalSize | undefined;
  #shown = "";

  constructor(read: () => Counters) {
    this.#read = read;
  }

  /** Draws from now on, if stderr is a terminal that can be drawn on. */
  start(): void {
    if (!isTerminal(STDERR) || process.env["TERM"] === "dumb") return;
    const { before } = this.#read();
    if (before !== undefined) this.#history.push({ at: performance.now(), points: before });
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  /** Ctrl-Z: a shell comes to the front, and the whole terminal is its own, until the next time to draw. */
  pause(): void {
    this.#giveBack();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#giveBack();
  }

  #draw(): void {
    const lately = this.#lately();
    const size = terminalSize(STDERR);
    if (!size || size.rows < LEAST_ROWS || isTerminalRaw(STDERR) || !ownsTerminal(STDERR)) {
      this.#giveBack();
      return;
    }
    if (this.#taken?.rows !== size.rows || this.#taken.columns !== size.columns) this.#take(size);
    const line = statusText(this.#read(), lately).slice(0, size.columns - 1);
    if (line !== this.#shown) say(onLastRow(size, line));
    this.#shown = line;
  }

  /** Goes down a row and up again, so that the cursor is not on the last one; then lets only the others scroll. */
  #take(size: TerminalSize): void {
    this.#giveBack();
    say(`${INDEX}${UP}${SAVE}\x1b[1;${size.rows - 1}r${RESTORE}`);
    this.#taken = size;
  }

  #giveBack(): void {
    if (!this.#taken) return;
    say(`${onLastRow(this.#taken, "")}${SAVE}\x1b[r${RESTORE}`);
    this.#taken = undefined;
    this.#shown = "";
  }

  /** Points that are new in the last seconds. */
  #lately(): number {
    const now = performance.now();
    const { points } = this.#read();
    this.#history.push({ at: now, points });
    while (this.#history.length > 1 && (this.#history[0]?.at ?? now) < now - LATELY_MS) this.#history.shift();
    return points - (this.#history[0]?.points ?? points);
  }
}

/** Control sequences of ECMA-48 and the VT100: none of them moves the cursor for good. */
const SAVE = "\x1b7";
const RESTORE = "\x1b8";
const INDEX = "\x1bD";
const UP = "\x1b[A";

function onLastRow({ rows }: TerminalSize, text: string): string {
  return `${SAVE}\x1b[${rows};1H\x1b[2K${text}${RESTORE}`;
}

/** What the line says. */
function statusText({ events, points }: Counters, lately: number): string {
  const news = lately === 0 ? "nothing new" : `${lately} new`;
  return `isoline: ${counted(events, "event")}, ${counted(points, "point")}, ${news} in the last ${LATELY_MS / 1000} s`;
}
