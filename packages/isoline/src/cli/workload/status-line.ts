/**
 * One line at the bottom of the terminal while a command runs: events, points, and how many points were new recently, which
 * tells whether the command has been observed long enough.
 *
 * The terminal is shared with the workload, so the last row is excluded from scrolling, as apt does: output of the workload
 * continues above, including incomplete lines and prompts. A program that draws the terminal itself (an editor, a line editor)
 * gets all of it, and so does another job in the foreground.
 */
import { isTerminalRaw, ownsTerminal, type TerminalSize, terminalSize } from "@isoline/linux";
import { isTerminal, STDERR, say } from "../output/streams.ts";
import { counted } from "../output/wording.ts";

const REDRAW_MS = 500;
const LATELY_MS = 5000;
/** With fewer rows none is reserved. */
const LEAST_ROWS = 5;

export interface Counters {
  readonly events: number;
  readonly points: number;
}

export class StatusLine {
  #read: () => Counters = () => ({ events: 0, points: 0 });
  readonly #before: number | undefined;
  readonly #history: { readonly at: number; readonly points: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The size of the terminal when its last row was reserved. */
  #taken: TerminalSize | undefined;
  #shown = "";

  /** `before`: points that were there before anything was learnt, where that is known. */
  constructor(before: number | undefined) {
    this.#before = before;
  }

  /** Draws from now on, if stderr is a terminal that can be drawn on. */
  start(read: () => Counters): void {
    this.#read = read;
    if (!isTerminal(STDERR) || process.env["TERM"] === "dumb") return;
    if (this.#before !== undefined) this.#history.push({ at: performance.now(), points: this.#before });
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  /** Ctrl-Z: a shell comes to the foreground and gets the whole terminal until the next update. */
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

  /** Moves down a row and up again, so that the cursor is not on the last row; then excludes that row from scrolling. */
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

  /** Number of points that were new in the last seconds. */
  #lately(): number {
    const now = performance.now();
    const { points } = this.#read();
    this.#history.push({ at: now, points });
    while (this.#history.length > 1 && (this.#history[0]?.at ?? now) < now - LATELY_MS) this.#history.shift();
    return points - (this.#history[0]?.points ?? points);
  }
}

/** Control sequences of ECMA-48 and the VT100; each restores the position of the cursor. */
const SAVE = "\x1b7";
const RESTORE = "\x1b8";
const INDEX = "\x1bD";
const UP = "\x1b[A";

function onLastRow({ rows }: TerminalSize, text: string): string {
  return `${SAVE}\x1b[${rows};1H\x1b[2K${text}${RESTORE}`;
}

/** The text of the line. */
function statusText({ events, points }: Counters, lately: number): string {
  const news = lately === 0 ? "nothing new" : `${lately} new`;
  return `isoline: ${counted(events, "event")}, ${counted(points, "point")}, ${news} in the last ${LATELY_MS / 1000} s`;
}
