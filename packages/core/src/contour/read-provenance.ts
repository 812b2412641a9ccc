/** Reads the end of a contour file: the counts of its points, and the checksums over the whole file. */
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";
import type { Cursor, Section } from "./cursor.ts";
import { PROVENANCE_WIDTH } from "./file-layout.ts";
import { readCounted } from "./read-header.ts";

const UNSEEN = 0xffff_ffff;

/** Reads `runs:occurrences:place` of every point into the contour, whose points are in the order of their lines. */
export function* readProvenance<E extends Exchange>(cursor: Cursor, contour: Contour<E>, runs: number): Section<void> {
  if (cursor.line !== "provenance") throw cursor.refusal('"provenance"');
  yield;
  const trajectory = new Uint32Array(contour.size).fill(UNSEEN);
  for (let index = 0; index < contour.size; yield) {
    const words = cursor.line.split(" ");
    const count = Math.min(PROVENANCE_WIDTH, contour.size - index);
    if (words.length !== count + 2 || words[0] !== "" || words[1] !== "")
      throw cursor.refusal(`two spaces and ${count} triples`);
    for (const word of words.slice(2)) readTriple(cursor, contour, word, index++, runs, trajectory);
  }
  contour.restoreHistory(runs, trajectory);
  for (const { name, count } of yield* readCounted(cursor, "levelled")) contour.fired(name, count);
}

function readTriple<E extends Exchange>(
  cursor: Cursor,
  contour: Contour<E>,
  word: string,
  index: number,
  runs: number,
  trajectory: Uint32Array,
): void {
  const parts = word.split(":");
  if (parts.length !== 3) throw cursor.refusal("runs:occurrences:place", JSON.stringify(word));
  const seenIn = cursor.parseNumber(parts[0] as string, runs);
  const occurrences = cursor.parseNumber(parts[1] as string, Number.MAX_SAFE_INTEGER);
  const place = cursor.parseNumber(parts[2] as string, trajectory.length - 1);
  if (seenIn === 0 || occurrences < seenIn)
    throw cursor.refusal("at least one run, and an occurrence in each", JSON.stringify(word));
  if (trajectory[place] !== UNSEEN) throw cursor.refusal("every place once", JSON.stringify(word));
  trajectory[place] = index;
  contour.restoreProvenance(index, { runs: seenIn, occurrences });
}

/** Compares the checksums at the end of the file with the contour that was read. */
export function* readTrailer<E extends Exchange>(cursor: Cursor, contour: Contour<E>): Section<void> {
  if (cursor.numberAfter("points", UNSEEN) !== contour.size) throw cursor.refusal(`points ${contour.size}`);
  yield;
  const state = { line: cursor.number, value: cursor.digestAfter("state") };
  yield;
  const measurement = { line: cursor.number, value: cursor.digestAfter("measurement") };
  yield;
  const digest = cursor.digestAfter("sha256");
  // The digest of the bytes is compared first: it costs least, and a difference explains all others.
  if (digest !== cursor.digestBefore)
    throw cursor.refusal(`${digest} over everything before it`, String(cursor.digestBefore));
  if (contour.state() !== state.value)
    throw cursor.refusal(`the state ${contour.state()} in line ${state.line}`, state.value);
  if (contour.measurement() !== measurement.value) {
    throw cursor.refusal(`the measurement ${contour.measurement()} in line ${measurement.line}`, measurement.value);
  }
}
