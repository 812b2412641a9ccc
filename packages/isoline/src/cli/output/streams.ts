/**
 * Writing to the standard streams by plain system calls.
 *
 * `process.stdout` and `process.stderr` are never touched: Node would make a pipe behind them non-blocking, and that is a
 * property of the pipe itself, so a workload that shares it would get EAGAIN where it never did. It also means that
 * whatever was written is out before a process ends.
 */
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { CliError } from "../../error.ts";

export const STDOUT = 1;
export const STDERR = 2;

const RETRY_MS = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Nobody reads our standard output any more: there is nothing left to do, and nothing to say about it. */
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

/** Writes one document to stdout, for machines. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, null, 2));
}

/** Says something to a person, on stderr; whether anybody reads it, or it can be written at all, changes nothing. */
export function say(text: string): void {
  try {
    write(STDERR, text);
  } catch {
    // A full disk behind stderr: the exit status and the report say what happened.
  }
}

/** Says one line in our name. */
export function note(text: string): void {
  say(`isoline: ${text}\n`);
}

export function isTerminal(fd: number): boolean {
  return isatty(fd);
}

/** False when there is nobody at the other end any more. That there is nothing at all is a fault like any other. */
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
