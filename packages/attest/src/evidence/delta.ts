/**
 * A delta of evidence: its bytes, but for logs that the verifier still has from the last one. It is about transport alone. The verifier
 * puts the whole together and appraises that:
 *
 *   whole = ( before ‖ the log with this digest )… ‖ after
 */
import { bytes, list, map, type Of, read, word, write } from "../cbor/index.ts";
import { MOST_EVIDENCE_BYTES } from "./evidence.ts";

const DIGEST = bytes(32);
const PIECE = bytes(0, MOST_EVIDENCE_BYTES);
/** The logs of evidence: of boot, of IMA, and the ledger. */
const MOST_LOGS = 3;

const delta = map({
  type: word("isoline evidence delta 1"),
  /** SHA-256 of the evidence that this stands for. */
  whole: DIGEST,
  /** What stands before each log, and SHA-256 of all the bytes of that log that the verifier has. */
  logs: list(map({ before: PIECE, log: DIGEST }), MOST_LOGS),
  /** What stands behind the last of them; what was added to a log is in `before` and `after`. */
  after: PIECE,
});

export type EvidenceDelta = Of<typeof delta>;

export const writeDelta = (value: EvidenceDelta): Uint8Array => write(delta, value, "delta");

/** Refuses anything but the one encoding of a delta, with `bad-evidence-format`. Nothing says yet whether there are such logs. */
export const readDelta = (given: Uint8Array): EvidenceDelta => read(delta, given, MOST_EVIDENCE_BYTES, "delta");

/** The pieces of the whole evidence in their order, or undefined where a log is not known. `known` finds a log by its digest. */
export function piecesOf(
  { logs, after }: EvidenceDelta,
  known: (digest: Uint8Array) => Uint8Array | undefined,
): readonly Uint8Array[] | undefined {
  const pieces: Uint8Array[] = [];
  for (const { before, log } of logs) {
    const found = known(log);
    if (found === undefined) return undefined;
    pieces.push(before, found);
  }
  return [...pieces, after];
}
