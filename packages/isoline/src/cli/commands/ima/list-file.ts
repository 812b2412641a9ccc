/** A measurement list that is named on the command line: a file, the kernel's own in securityfs, or - for standard input. */
import { readFileSync } from "node:fs";
import { CliError } from "../../../error.ts";
import type { Bank } from "../../../integrity/hash-algorithms.ts";
import { looksLikeAscii, readAsciiList } from "../../../integrity/list/ascii.ts";
import type { MeasurementList } from "../../../integrity/list/entry.ts";
import { readRegular } from "../../../store/bounded-file.ts";
import { readBinaryList } from "../../../integrity/list/read-binary.ts";

const MAX_BYTES = 512 * 2 ** 20;

export function readList(path: string, bank?: Bank): MeasurementList {
  const bytes = readBytes(path);
  return looksLikeAscii(bytes) ? readAsciiList(bytes) : readBinaryList(bytes, bank);
}

function readBytes(path: string): Buffer {
  const bytes = path === "-" ? readFileSync(0) : readRegular(path, MAX_BYTES, "a measurement list");
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new CliError("bad-measurement-list", `${path}: expected at most ${MAX_BYTES} bytes, got ${bytes.length}`);
}
