/** The log of an agent or a verifier: one JSON object a line, on standard output, where a service manager's journal takes it. */
import { writeSync } from "node:fs";
import { jsonText } from "../store/json-text.ts";

const STDOUT = 1;

/** What happened. */
export type LogEvent =
  | "ready"
  | "began"
  | "ended"
  | "refused"
  | "adopted"
  | "lost"
  | "attested"
  | "pushed"
  | "noted"
  | "unsent"
  | "failed"
  | "stopping"
  | "warning";

export class Log {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void = toStdout) {
    this.#write = write;
  }

  /** Names of files and commands come from strangers: JSON keeps them on their line, and from a terminal. */
  say(event: LogEvent, facts: Readonly<Record<string, unknown>> = {}): void {
    this.#write(`${jsonText({ time: new Date().toISOString(), event, ...facts })}\n`);
  }
}

function toStdout(line: string): void {
  try {
    writeSync(STDOUT, line);
  } catch {
    // The reader is gone or slow (EAGAIN); namespaces do not wait for a log.
  }
}
