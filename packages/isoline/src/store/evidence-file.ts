/** Evidence on disk: beside its contour, under the name of the contour with `.evidence` after it. */
import { type AnyContour, parseContour } from "@isoline/core/contour";
import { decodeEvidence, encodeEvidence, Evidence, MOST_EVIDENCE_BYTES } from "@isoline/core/evidence";
import { type Digest, isDigest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { CliError } from "../error.ts";
import { openRegular, piecesOf, readBounded, readRegular, Unfit } from "./bounded-file.ts";
import { Output } from "./output.ts";

export const EVIDENCE_SUFFIX = ".evidence";

/**
 * The evidence of a contour; undefined where there is none. Throws `bad-evidence` for a damaged file. `contour`: what was read from
 * the file of the contour, so that it need not be read once more.
 */
export function loadEvidence(contourPath: string, contour?: AnyContour): Evidence | undefined {
  const path = `${contourPath}${EVIDENCE_SUFFIX}`;
  const bytes = readBounded(path, MOST_EVIDENCE_BYTES, "follow");
  if (bytes instanceof Unfit) {
    if (bytes.found === "nothing") return pastIn(contourPath);
    throw new CliError("cannot-read", `cannot read ${path}: expected evidence, found ${bytes.found}; delete it`);
  }
  const evidence = decode(path, bytes);
  evidence.resolve(contour === undefined ? pointsIn(contourPath) : pointsOf(contour));
  return evidence;
}

/** Number of points of a contour that no run of this evidence saw, and that were not accepted. */
export function unknownTo(evidence: Evidence, contourPath: string): number {
  const accepted = new Set(evidence.acceptances.map(({ point }) => point));
  let unknown = 0;
  for (const point of pointsIn(contourPath)) if (evidence.countOf(point) === 0 && !accepted.has(point)) unknown += 1;
  return unknown;
}

function* pointsOf(contour: AnyContour): Generator<Digest> {
  for (let index = 0; index < contour.size; index++) yield contour.point(index);
}

/** A contour of format 1 says itself how often a point was seen, and in how many runs. */
function pastIn(contourPath: string): Evidence | undefined {
  if (!isFormat1(contourPath)) return undefined;
  const bytes = readRegular(contourPath, MOST_FORMAT_1_BYTES, "a contour");
  let evidence: Evidence | undefined;
  parseContour(bytes, {
    onCounts: (runs, counts) => {
      const seen = counts.map(({ point, runs: past, occurrences }) => ({ point, past, occurrences }));
      evidence = Evidence.ofPast(runs, seen);
    },
  });
  return evidence;
}

function isFormat1(path: string): boolean {
  const opened = openRegular(path, "follow");
  if (opened instanceof Unfit) return false;
  const [piece] = piecesOf(opened.fd);
  return Buffer.from(piece ?? []).toString("latin1", 0, 18) === "isoline contour 1\n";
}

const MOST_FORMAT_1_BYTES = 2 ** 29;

/** Writes the evidence of a contour: what was there before is there unchanged, or all of the new one is. */
export function saveEvidence(contourPath: string, evidence: Evidence): void {
  const output = Output.open(`${contourPath}${EVIDENCE_SUFFIX}`);
  try {
    writeEvidence(output, evidence);
  } finally {
    output.close();
  }
}

/** Removes the evidence of a contour that another one without evidence has replaced. */
export function removeEvidence(contourPath: string): void {
  const output = Output.open(contourPath);
  if (!output.isDevice) output.removeBeside(EVIDENCE_SUFFIX);
  output.close();
}

export function writeEvidence(output: Output, evidence: Evidence): void {
  output.write([encodeEvidence(evidence)]);
}

/** The evidence that is at an output now; where there is none, what the contour itself says. */
export function readEvidence(contourPath: string, output: Output): Evidence | undefined {
  if (!output.exists) return pastIn(contourPath);
  return decode(`${contourPath}${EVIDENCE_SUFFIX}`, output.read(MOST_EVIDENCE_BYTES));
}

function decode(path: string, bytes: Buffer): Evidence {
  try {
    return decodeEvidence(bytes);
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    throw new IsolineError(fault.code, `${path}: ${fault.message}`, { cause: fault });
  }
}

const NEWLINE = 10;
const SPACE = 32;

/** The points in the lines of a contour, as they stand there. Nothing is decided by them, so that nothing is computed again. */
function* pointsIn(contourPath: string): Generator<Digest> {
  const opened = openRegular(contourPath, "follow");
  if (opened instanceof Unfit) return;
  let rest = Buffer.alloc(0);
  for (const piece of piecesOf(opened.fd)) {
    const bytes = Buffer.concat([rest, piece]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const isAct = bytes[start] === SPACE && bytes[start + 1] === SPACE;
      const point = isAct ? bytes.toString("latin1", Math.max(start, end - 64), end) : "";
      if (isDigest(point)) yield point;
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > MOST_LINE) return;
    rest = Buffer.from(rest);
  }
}

/** The longest line of a contour. */
const MOST_LINE = 1 << 20;
