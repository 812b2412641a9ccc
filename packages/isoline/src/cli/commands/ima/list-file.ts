/** A measurement list that is named on the command line: a file, the kernel's own in securityfs, or - for standard input. */
import { readFileSync, statSync } from "node:fs";
import { CliError } from "../../../error.ts";
import type { Bank } from "../../../integrity/hash-algorithms.ts";
import { looksLikeAscii, readAsciiList } from "../../../integrity/list/ascii.ts";
import type { MeasurementList } from "../../../integrity/list/entry.ts";
import { readBinaryList } from "../../../integrity/list/read-binary.ts";

const MAX_BYTES = 512 * 2 ** 20;

export function readList(path: string, bank?: Bank): MeasurementList {
  const bytes = readBytes(path);
  return looksLikeAscii(bytes) ? readAsciiList(bytes) : readBinaryList(bytes, bank);
}

function readBytes(path: string): Buffer {
  try {
    const given = path === "-" ? readFileSync(0) : undefined;
    const size = given?.length ?? statSync(path).size;
    if (size > MAX_BYTES)
      throw new CliError("bad-measurement-list", `${path}: expected at most ${MAX_BYTES} bytes, got ${size}`);
    return given ?? readFileSync(path);
  } catch (fault) {
    if (fault instanceof CliError) throw fault;
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new CliError("cannot-read", `${path}: expected a measurement list, which could not be read: ${why}`, {
      cause: fault,
    });
  }
}
