/** Finds, and removes, what the last runs did not do. */
import { type Contour, rebuild } from "@isoline/core/contour";
import { type Unseen, unseenIn } from "@isoline/core/evidence";
import { IsolineError } from "@isoline/core/error";
import { iso1 } from "@isoline/core/profile";
import { loadContour } from "../../store/contour-file.ts";
import { loadEvidence } from "../../store/evidence-file.ts";
import { amendFile } from "./amended-file.ts";

export interface Prunable extends Unseen {
  readonly contour: Contour;
}

/** The points that none of the last runs saw. Throws `bad-evidence` where there is no evidence of so many runs. */
export async function prunable(file: string, runs: number): Promise<Prunable> {
  const contour = await loadContour(file, iso1);
  const evidence = loadEvidence(file);
  if (evidence === undefined)
    throw new IsolineError("bad-evidence", `${file} has no evidence beside it, so it is not known which runs saw what`);
  return { contour, ...unseenIn(contour, evidence, runs) };
}

/** Removes points from a contour, and what is known of them from its evidence. */
export function prune(file: string, { contour, points }: Prunable): { readonly removedSignature: boolean } {
  const removed = new Set(points.map((index) => contour.point(index)));
  return amendFile(file, contour, (now, evidence) => {
    const kept = rebuild(now, { act: (event, index) => (removed.has(now.point(index)) ? undefined : event) });
    return {
      contour: kept.contour,
      evidence: evidence?.translate((point) => (removed.has(point) ? undefined : point)),
    };
  });
}
