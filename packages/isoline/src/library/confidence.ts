/** What the runs of a contour say about further runs: with its evidence, from disk. */
import { type Confidence, confidenceOf, type Estimate, estimateOf } from "@isoline/core/evidence";
import { iso1 } from "@isoline/core/profile";
import { loadContour } from "../store/contour-file.ts";
import { loadEvidence } from "../store/evidence-file.ts";

/**
 * What the runs that a contour was learnt from say about further runs: which share of them is expected to depart, in
 * at most how many, and why. Undefined where the contour has no evidence, or none of a run that was observed as a whole.
 *
 * @example
 * import { contours, learn } from "isoline";
 *
 * for (const merge of [false, true]) await (await learn(["true"], { output: "true.contour", merge })).ended;
 * const confidence = await contours.confidence("true.contour");
 * console.log(confidence?.estimate.trials, confidence?.estimate.departing);
 * // prints: 2 0
 */
export async function confidence(file: string): Promise<Confidence | undefined> {
  const contour = await loadContour(file, iso1);
  const evidence = loadEvidence(file, contour);
  return evidence && confidenceOf(contour, evidence);
}

/** Only the estimate, without reading the contour as a whole. */
export function estimate(file: string): Estimate | undefined {
  const evidence = loadEvidence(file);
  return evidence && estimateOf(evidence);
}
