/** Before a run is added to a contour: whether the evidence beside it is that of this contour, for a contour may be copied without it. */
import { IsolineError } from "@isoline/core/error";
import { EVIDENCE_SUFFIX, loadEvidence, unknownTo } from "../../store/evidence-file.ts";
import { note } from "./streams.ts";
import { counted, harmless } from "./wording.ts";

/** One line where it is not; none where it is. */
export function sayStrayEvidence(file: string): void {
  const [contour, beside] = [harmless(file), harmless(`${file}${EVIDENCE_SUFFIX}`)];
  try {
    const evidence = loadEvidence(file);
    if (evidence === undefined)
      return note(
        `${contour} has no evidence beside it, so what its earlier runs saw is not known: where it was copied, copy ${beside} too`,
      );
    const unknown = unknownTo(evidence, file);
    if (unknown > 0)
      note(
        `no run in ${beside} saw ${counted(unknown, "point")} of ${contour}: if that evidence is of another contour, put its own in place, or delete it`,
      );
  } catch (fault) {
    // Learning says itself what is wrong with a file.
    if (!(fault instanceof IsolineError)) throw fault;
  }
}
