/** `isoline log prove`: the proof that a file is in a log, out of the log's own files. */
import { parseCheckpoint, parseNote } from "@isoline/log/note";
import { formatProof, proveEntry } from "@isoline/log/proof";
import { fetchEntries, type FetchTile, TILE_WIDTH } from "@isoline/log/tiles";
import { readRegular } from "../../../store/bounded-file.ts";
import { writeDurably } from "../../../store/output.ts";
import { shownIn, sourceOf } from "../../../transparency/places.ts";
import { status } from "../../ending.ts";
import { note, print } from "../../output/streams.ts";

export interface LogProveOptions {
  readonly output?: string;
  readonly credentials?: string;
}

const MOST_BYTES = 65_536;

export async function logProve(place: string, file: string, { output, credentials }: LogProveOptions): Promise<number> {
  const entry = readRegular(file, MOST_BYTES, "a file of at most 65 535 bytes");
  const read = sourceOf(place, credentials);
  const shown = await shownIn(read, place);
  const index = await indexOf(entry, read, parseCheckpoint(parseNote(shown)).size);
  if (index === undefined) {
    note("the log does not have this file, or does not show it yet");
    return status.nothingFound;
  }
  const proof = formatProof(await proveEntry(read, index, shown));
  if (output === undefined) print(proof);
  else writeDurably(output, [proof]);
  return status.success;
}

/** The last entry with these bytes. */
async function indexOf(entry: Uint8Array, read: FetchTile, size: number): Promise<number | undefined> {
  for (let place = Math.ceil(size / TILE_WIDTH) - 1; place >= 0; place--) {
    const bundle = await fetchEntries(read, size, place);
    const at = bundle.findLastIndex((one) => Buffer.compare(one, entry) === 0);
    if (at >= 0) return place * TILE_WIDTH + at;
  }
  return undefined;
}
