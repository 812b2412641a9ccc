/**
 * Where a canister's messages go: to stderr while the caller reads it, and to the log file that the engine gave runc (`--log`,
 * `--log-format`), in runc's own form.
 */
import { appendFileSync, writeSync } from "node:fs";
import { escapeText, isEscaped } from "@isoline/core/event";
import type { RuncCall } from "./command-line.ts";

type Level = "info" | "warning" | "error";

const STDERR = 2;

export class CanisterLog {
  readonly #file: string | undefined;
  readonly #isJson: boolean;
  readonly #toCaller: (text: string) => void;
  #detached = false;

  /** `toCaller` writes to the stderr of the call. */
  constructor(call: Pick<RuncCall, "globals"> | undefined, toCaller: (text: string) => void = toStderr) {
    this.#toCaller = toCaller;
    this.#file = call?.globals.get("log");
    this.#isJson = call?.globals.get("log-format") === "json";
  }

  /** From now on stderr is not written to. */
  detach(): void {
    this.#detached = true;
  }

  /** Writes one line. A failure to write it is ignored. */
  say(level: Level, text: string): void {
    const line = plainLine(text);
    try {
      if (this.#file !== undefined) appendFileSync(this.#file, `${this.#entry(level, line)}\n`);
    } catch {
      // The engine's log was removed with its bundle; the report and the exit status have the result.
    }
    if (this.#detached || level === "info") return;
    this.#toCaller(`isoline-runc: ${line}\n`);
  }

  #entry(level: Level, line: string): string {
    const time = new Date().toISOString();
    const msg = `isoline-runc: ${line}`;
    return this.#isJson
      ? JSON.stringify({ level, msg, time })
      : `time="${time}" level=${level} msg=${JSON.stringify(msg)}`;
  }
}

/** What cannot be written is left out: how a call ends does not depend on who reads. */
export function toStderr(text: string): void {
  try {
    writeSync(STDERR, text);
  } catch {
    // The other end is closed, or does not read what is there.
  }
}

/** On one line, without control characters that a terminal would execute. What is escaped already stays as it is. */
export function plainLine(text: string): string {
  return text
    .split(" ")
    .map((word) => (isEscaped(word) ? word : escapeText(word)))
    .join(" ");
}
