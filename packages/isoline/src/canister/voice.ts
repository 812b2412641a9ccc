/**
 * What a canister has to say, and where: on stderr while somebody listens there, and in the log that the engine gave runc
 * (`--log`, `--log-format`), in runc's own form.
 */
import { appendFileSync, writeSync } from "node:fs";
import { escapeText } from "@isoline/core";
import type { RuncCall } from "./command-line.ts";

type Level = "info" | "warning" | "error";

const STDERR = 2;

export class Voice {
  readonly #log: string | undefined;
  readonly #isJson: boolean;
  #detached = false;

  constructor(call: Pick<RuncCall, "globals"> | undefined) {
    this.#log = call?.globals.get("log");
    this.#isJson = call?.globals.get("log-format") === "json";
  }

  /** From now on nobody listens to stderr. */
  detach(): void {
    this.#detached = true;
  }

  /** Says one line. That it cannot be written changes nothing. */
  say(level: Level, text: string): void {
    const line = plain(text);
    try {
      if (this.#log !== undefined) appendFileSync(this.#log, `${this.#entry(level, line)}\n`);
    } catch {
      // The engine's log is gone with its bundle; the report and the exit status say what happened.
    }
    if (this.#detached || level === "info") return;
    try {
      writeSync(STDERR, `isoline-runc: ${line}\n`);
    } catch {
      // Nobody is there.
    }
  }

  #entry(level: Level, line: string): string {
    const time = new Date().toISOString();
    const msg = `isoline-runc: ${line}`;
    return this.#isJson
      ? JSON.stringify({ level, msg, time })
      : `time="${time}" level=${level} msg=${JSON.stringify(msg)}`;
  }
}

/** On one line, and nothing in it that a terminal obeys. */
function plain(text: string): string {
  return escapeText(text).replaceAll("\\x20", " ");
}
