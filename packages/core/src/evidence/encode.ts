/**
 * Evidence as bytes: lines of text about the runs, then one short entry for each point.
 *
 *   isoline evidence 1
 *   sha256 DIGEST                 over everything after this line
 *   past COUNT                    folded runs
 *   folded ID …                   their ids, where they are remembered
 *   run JSON                      one line for each run, in order
 *   replaced JSON                 acts that a class rule replaced
 *   accepted JSON                 points that were taken in by a decision
 *   sets COUNT
 *   points COUNT
 *   set …                         one bit for each run, in whole bytes; each set of runs that occurs, once
 *   key ‖ set ‖ count ‖ past      for each point, ascending by key: 8 bytes, then three numbers in LEB128
 *
 * Most points were seen by the same few sets of runs, so a set is written once and referred to by its number. That needs no
 * compression, so that nothing grows while it is read. Specified in docs/spec/evidence-file.md.
 */
import { sha256 } from "../digest.ts";
import type { Evidence } from "./evidence.ts";
import { KEY_BYTES, type SeenTable } from "./seen-table.ts";

export const FORMAT = "isoline evidence 1";

/** The bytes of an evidence file. The same evidence gives the same bytes. */
export function encodeEvidence(evidence: Evidence): Buffer {
  const body = bodyOf(evidence);
  return Buffer.concat([Buffer.from(`${FORMAT}\nsha256 ${sha256(body)}\n`), body]);
}

function bodyOf(evidence: Evidence): Buffer {
  const { table } = evidence;
  const sets = new SetTable(Math.ceil(evidence.runs.length / 8));
  const points = Array.from(table.ascending(), (entry) => entryOf(table, entry, sets));
  const head = [...headLines(evidence), `sets ${sets.all.length}`, `points ${points.length}`, ""].join("\n");
  return Buffer.concat([Buffer.from(head), ...sets.all, ...points]);
}

function* headLines({ past, folded, runs, replaced, acceptances }: Evidence): Generator<string> {
  if (past > 0) yield `past ${past}`;
  if (folded.length > 0) yield `folded ${folded.join(" ")}`;
  for (const run of runs) yield `run ${JSON.stringify(run)}`;
  for (const act of replaced) yield `replaced ${JSON.stringify(act)}`;
  for (const acceptance of acceptances) yield `accepted ${JSON.stringify(acceptance)}`;
}

function entryOf(table: SeenTable, entry: number, sets: SetTable): Buffer {
  const bytes = Buffer.allocUnsafe(MOST_ENTRY);
  table.keyInto(entry, bytes, 0);
  let end = KEY_BYTES;
  const set = sets.numberOf(table.runs(entry).toBytes(sets.width));
  for (const number of [set, table.occurrences(entry), table.past(entry)]) end = leb128(number, bytes, end);
  return bytes.subarray(0, end);
}

/** Each set of runs once, in the order of its first use. */
class SetTable {
  readonly width: number;
  readonly all: Buffer[] = [];
  readonly #numbers = new Map<string, number>();

  /** `width`: bytes of a set. */
  constructor(width: number) {
    this.width = width;
  }

  numberOf(set: Buffer): number {
    const text = set.toString("latin1");
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.all.length);
    return this.all.push(set) - 1;
  }
}

/** A key, and three numbers of at most eight bytes. */
const MOST_ENTRY = 32;

/** Seven bits a byte, the lowest first; the high bit says that another byte follows. Returns where the number ends. */
function leb128(number: number, bytes: Buffer, at: number): number {
  let end = at;
  let rest = number;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[end++] = (rest % 128) | 128;
  bytes[end++] = rest;
  return end;
}
