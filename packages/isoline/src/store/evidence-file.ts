/** Evidence on disk: beside its contour, under the name of the contour with `.evidence` after it. */
import { decodeEvidence, encodeEvidence, type Evidence, MOST_EVIDENCE_BYTES } from "@isoline/core/evidence";
import { type Digest, isDigest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { CliError } from "../error.ts";
import { openRegular, piecesOf, readBounded, Unfit } from "./bounded-file.ts";
import { Output } from "./output.ts";

export const EVIDENCE_SUFFIX = ".evidence";

/** The evidence of a contour; undefined where there is none. Throws `bad-evidence` for a damaged file. */
export function loadEvidence(contourPath: string): Evidence | undefined {
  const path = `${contourPath}${EVIDENCE_SUFFIX}`;
  const bytes = readBounded(path, MOST_EVIDENCE_BYTES, "follow");
  if (bytes instanceof Unfit) {
    if (bytes.found === "nothing") return undefined;
    throw new CliError("cannot-read", `cannot read ${path}: expected evidence, found ${bytes.found}; delete it`);
  }
  const evidence = decode(path, bytes);
  evidence.resolve(pointsIn(contourPath));
  return evidence;
}

/** Writes the evidence of a contour: what was there before is there unchanged, or all of the new one is. */
export function saveEvidence(contourPath: string, evidence: Evidence): void {
  const output = Output.open(`${contourPath}${EVIDENCE_SUFFIX}`);
  try {
    writeEvidence(output, evidence);
  } finally {
    output.close();
  }
}

export function writeEvidence(output: Output, evidence: Evidence): void {
  output.write([encodeEvidence(evidence)]);
}

/** The evidence that is at an output now; undefined where there is none. */
export function readEvidence(path: string, output: Output): Evidence | undefined {
  return output.exists ? decode(path, output.read(MOST_EVIDENCE_BYTES)) : undefined;
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
