/** Reads a file as lines of bytes, in pieces, so that a trajectory of any size can be read. */
import { createReadStream } from "node:fs";
import { IsolineError } from "@isoline/core/error";
import { CliError } from "../../error.ts";
import { openRegular, Unfit } from "../../store/bounded-file.ts";

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
/** Larger than an event with two paths of 4096 bytes and every byte escaped in JSON. */
const MOST_IN_LINE = 1 << 20;
const READ_AT_ONCE = 1 << 18;

export interface Line {
  /** Valid until the next line is requested. */
  readonly bytes: Buffer;
  readonly number: number;
}

/** Lines without their newline, several at a time; empty ones are skipped. `-` is standard input. */
export async function* linesOf(path: string): AsyncGenerator<readonly Line[]> {
  const fd = path === "-" ? 0 : openedFile(path);
  const stream = createReadStream(path, { fd, highWaterMark: READ_AT_ONCE });
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const lines: Line[] = [];
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        number += 1;
        if (end > start) lines.push({ bytes: withoutReturn(bytes.subarray(start, end)), number });
        start = end + 1;
      }
      rest = bytes.subarray(start);
      if (rest.length > MOST_IN_LINE)
        throw new IsolineError("bad-trajectory", `${path}: line ${number + 1}: expected at most ${MOST_IN_LINE} bytes`);
      yield lines;
    }
  } catch (fault) {
    if (fault instanceof IsolineError) throw fault;
    throw new CliError("cannot-read", `cannot read ${path}: ${(fault as Error).message}`, { cause: fault });
  }
  if (rest.length > 0) yield [{ bytes: withoutReturn(rest), number: number + 1 }];
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}

function openedFile(path: string): number {
  const opened = openRegular(path, "follow");
  if (!(opened instanceof Unfit)) return opened.fd;
  const expected = "a recording, or - for standard input";
  throw new CliError("cannot-read", `cannot read ${path}: expected ${expected}, found ${opened.found}; name a file`);
}
