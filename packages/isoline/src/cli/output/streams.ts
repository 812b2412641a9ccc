/**
 * Writes to the standard streams by plain system calls.
 *
 * `process.stdout` and `process.stderr` are never touched: Node would make a pipe behind them non-blocking. That is a property
 * of the pipe itself, so a workload that shares it would get an unexpected EAGAIN. Plain calls also ensure that all output is
 * written before the process ends.
 */
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { CliError } from "../../error.ts";
import { jsonText } from "../../store/json-text.ts";

export const STDOUT = 1;
export const STDERR = 2;

const RETRY_MS = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** The reader of stdout has closed it: the process ends without a message. */
export class OutputClosed extends Error {}

/** Writes data to stdout. */
export function print(text: string): void {
  let read: boolean;
  try {
    read = write(STDOUT, text);
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new CliError("cannot-write", `cannot write to standard output: ${why}; make room, or send it elsewhere`, {
      cause: fault,
    });
  }
  if (!read) throw new OutputClosed();
}

/** Writes one line of data to stdout. */
export function printLine(text: string): void {
  print(`${text}\n`);
}

/** Writes one JSON document to stdout. */
export function printJson(value: unknown): void {
  printLine(jsonText(value, 2));
}

/** Writes one JSON document to stdout, as one line of several. */
export function printJsonLine(value: unknown): void {
  printLine(jsonText(value));
}

/** Writes a message to stderr. If it cannot be written or is not read, nothing changes. */
export function say(text: string): void {
  try {
    write(STDERR, text);
  } catch {
    // A full disk behind stderr: the exit status and the report have the result.
  }
}

/** Writes one line that begins with isoline's name. */
export function note(text: string): void {
  say(`isoline: ${text}\n`);
}

export function isTerminal(fd: number): boolean {
  return isatty(fd);
}

/** False if the other end is closed. A descriptor that is not open at all is an error. */
function write(fd: number, text: string): boolean {
  const bytes = Buffer.from(text, "utf8");
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (fault) {
      const { code } = fault as NodeJS.ErrnoException;
      if (code === "EAGAIN") Atomics.wait(pause, 0, 0, RETRY_MS);
      else if (code === "EPIPE" || code === "EIO") return false;
      else throw fault;
    }
  }
  return true;
}
