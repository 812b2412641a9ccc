/**
 * One quiet line at the bottom while a command runs: events, points, and how many points were new of late, which tells
 * whether it has seen enough.
 *
 * It shares the terminal with the workload, so it comes seldom, stays short, goes without a trace, and keeps away while
 * a program draws on the terminal itself.
 */
import { isTerminalRaw, terminalSize } from "@isoline/linux";
import { isTerminal, STDERR, say } from "../output/streams.ts";
import { counted } from "../output/wording.ts";

const REDRAW_MS = 500;
const LATELY_MS = 5000;
const ERASE = "\r\x1b[K";

export interface Counters {
  readonly events: number;
  readonly points: number;
}

export class StatusLine {
  readonly #read: () => Counters;
  readonly #history: { readonly at: number; readonly points: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #shown = "";

  constructor(read: () => Counters) {
    this.#read = read;
  }

  /** Draws from now on, if stderr is a terminal. */
  start(): void {
    if (!isTerminal(STDERR)) return;
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  /** Says something above the line. */
  interrupt(speak: () => void): void {
    this.#erase();
    speak();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #draw(): void {
    if (isTerminalRaw(STDERR)) {
      this.#shown = "";
      return;
    }
    const line = statusText(this.#read(), this.#lately()).slice(0, (terminalSize(STDERR)?.columns ?? 80) - 1);
    if (line === this.#shown) return;
    say(`${ERASE}${line}`);
    this.#shown = line;
  }

  #erase(): void {
    if (this.#shown !== "") say(ERASE);
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

/** What the line says. */
export function statusText({ events, points }: Counters, lately: number): string {
  const news = lately === 0 ? "nothing new" : `${counted(lately, "point")} new`;
  return `isoline: ${counted(events, "event")}, ${counted(points, "point")}, ${news} in the last ${LATELY_MS / 1000} s`;
}
