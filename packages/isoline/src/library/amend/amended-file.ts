/**
 * A contour file with its evidence, to be written anew under a lock. A person looks at the contour first, and may take long
 * over it; the file must still be the same then.
 */
import { type Contour, parseContour } from "@isoline/core/contour";
import { IsolineError } from "@isoline/core/error";
import { Evidence } from "@isoline/core/evidence";
import { iso1 } from "@isoline/core/profile";
import { lock } from "@isoline/linux";
import { CliError } from "../../error.ts";
import { MOST_CONTOUR_BYTES, saveContour } from "../../store/contour-file.ts";
import { EVIDENCE_SUFFIX, readEvidence, writeEvidence } from "../../store/evidence-file.ts";
import { Output } from "../../store/output.ts";
import { removeStaleSignature } from "../../store/signature/stale.ts";

/** Patience for other processes that write the same contour: each only reads and writes a file. */
const PATIENCE_MS = 60_000;

/** What is to be written; evidence is written where there is any. */
export interface Amended {
  readonly contour: Contour;
  readonly evidence: Evidence | undefined;
}

/** Writes what `amend` makes of the contour that is in the file now; returns whether a signature had to be removed. */
export function amendFile(
  file: string,
  seen: Contour,
  amend: (contour: Contour, evidence: Evidence | undefined) => Amended,
): { readonly removedSignature: boolean } {
  const output = Output.open(file);
  const evidencePath = `${file}${EVIDENCE_SUFFIX}`;
  const evidenceOutput = Output.open(evidencePath);
  try {
    if (!lock(output.directory, PATIENCE_MS))
      throw new CliError("cannot-write", `cannot amend ${file}: its directory is locked (flock) by another process`);
    const now = parseContour(output.read(MOST_CONTOUR_BYTES), { profile: iso1 }) as Contour;
    if (now.state() !== seen.state() || now.policyDigest !== seen.policyDigest)
      throw new IsolineError("not-comparable", `${file} was changed meanwhile, and is as it was then; start again`);
    const before = readEvidence(evidencePath, evidenceOutput);
    before?.resolve(pointsOf(now));
    const { contour, evidence } = amend(now, before);
    saveContour(output, contour);
    if (evidence !== undefined) writeEvidence(evidenceOutput, evidence);
    return { removedSignature: removeStaleSignature(output) };
  } finally {
    output.close();
    evidenceOutput.close();
  }
}

function* pointsOf(contour: Contour) {
  for (let index = 0; index < contour.size; index++) yield contour.point(index);
}
