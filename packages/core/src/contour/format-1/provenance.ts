/** Reads the end of a contour file of format 1: the counts of its points, and the checksums over the whole file. */
import { Extension } from "../extension.ts";
import type { Exchange } from "../../profile/profile.ts";
import type { Contour } from "../contour.ts";
import type { Cursor, Section } from "../cursor.ts";
import { readCounted } from "./head.ts";

/** What format 1 says of a point beside the point. */
export interface Counts {
  /** In how many runs it was seen. */
  readonly runs: number;
  /** How often, over all runs. */
  readonly occurrences: number;
}

const PROVENANCE_WIDTH = 16;
const UNSEEN = 0xffff_ffff;

/** Reads `runs:occurrences:place` of every point, and compares the checksums at the end with the contour that was read. */
export function* readEnd<E extends Exchange>(cursor: Cursor, contour: Contour<E>, runs: number): Section<Counts[]> {
  if (cursor.line !== "provenance") throw cursor.refusal('"provenance"');
  yield;
  const counts: Counts[] = [];
  const order = new Uint32Array(contour.size).fill(UNSEEN);
  for (; counts.length < contour.size; yield) {
    const words = cursor.line.split(" ");
    const width = Math.min(PROVENANCE_WIDTH, contour.size - counts.length);
    if (words.length !== width + 2 || words[0] !== "" || words[1] !== "")
      throw cursor.refusal(`two spaces and ${width} triples`);
    for (const word of words.slice(2)) counts.push(readTriple(cursor, word, runs, order, counts.length));
  }
  yield* readCounted(cursor, "levelled");
  yield* readSums(cursor, contour, order);
  return counts;
}

function readTriple(cursor: Cursor, word: string, runs: number, order: Uint32Array, index: number): Counts {
  const parts = word.split(":");
  if (parts.length !== 3) throw cursor.refusal("runs:occurrences:place", JSON.stringify(word));
  const seenIn = cursor.parseNumber(parts[0] as string, runs);
  const occurrences = cursor.parseNumber(parts[1] as string, Number.MAX_SAFE_INTEGER);
  const place = cursor.parseNumber(parts[2] as string, order.length - 1);
  if (seenIn === 0 || occurrences < seenIn)
    throw cursor.refusal("at least one run, and an occurrence in each", JSON.stringify(word));
  if (order[place] !== UNSEEN) throw cursor.refusal("every place once", JSON.stringify(word));
  order[place] = index;
  return { runs: seenIn, occurrences };
}

function* readSums<E extends Exchange>(cursor: Cursor, contour: Contour<E>, order: Uint32Array): Section<void> {
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
  const found = measured(contour, order);
  if (found !== measurement.value)
    throw cursor.refusal(`the measurement ${found} in line ${measurement.line}`, measurement.value);
}

/** The extension over the points in the order in which they first happened. */
function measured<E extends Exchange>(contour: Contour<E>, order: Uint32Array): string {
  const extension = new Extension(contour.base, contour.aggregate);
  for (const index of order) extension.extend(Buffer.from(contour.point(index), "hex"), 0);
  return extension.value;
}
