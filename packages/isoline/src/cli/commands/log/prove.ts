/** `isoline log prove`: the proof that a file is in a log, out of the log's own files. */
import { parseCheckpoint, parseNote } from "@isoline/log/note";
import { formatProof, proveEntry } from "@isoline/log/proof";
import { entriesAt, TILE_WIDTH } from "@isoline/log/tiles";
import { readDirectory } from "@isoline/log/writer";
import { readRegular } from "../../../store/bounded-file.ts";
import { writeDurably } from "../../../store/output.ts";
import { shownIn } from "../../../transparency/places.ts";
import { status } from "../../ending.ts";
import { note, print } from "../../output/streams.ts";

export interface LogProveOptions {
  readonly output?: string;
}

const MOST_BYTES = 65_536;

export function logProve(directory: string, file: string, { output }: LogProveOptions): number {
  const entry = readRegular(file, MOST_BYTES, "a file of at most 65 535 bytes");
  const shown = shownIn(directory);
  const read = readDirectory(directory);
  const index = indexOf(entry, read, parseCheckpoint(parseNote(shown)).size);
  if (index === undefined) {
    note("the log does not have this file, or does not show it yet");
    return status.nothingFound;
  }
  const proof = formatProof(proveEntry(read, index, shown));
  if (output === undefined) print(proof);
  else writeDurably(output, [proof]);
  return status.success;
}

/** The last entry with these bytes. */
function indexOf(entry: Uint8Array, read: ReturnType<typeof readDirectory>, size: number): number | undefined {
  for (let place = Math.ceil(size / TILE_WIDTH) - 1; place >= 0; place--) {
    const at = entriesAt(read, size, place).findLastIndex((one) => Buffer.compare(one, entry) === 0);
    if (at >= 0) return place * TILE_WIDTH + at;
  }
  return undefined;
}
