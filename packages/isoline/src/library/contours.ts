/** Contours on disk, and what can be done with them. */
import { type AnyContour, type Contour, type ContourDiff, mergeContours, writeContour } from "@isoline/core/contour";
import type { Exchange } from "@isoline/core/profile";
import { type Known, underCommonRules } from "./common-rules.ts";
import { difference } from "./difference.ts";
import { loadAnyContour } from "../store/contour-file.ts";
import { Output } from "../store/output.ts";
import { removeStaleSignature } from "../store/signature/stale.ts";

/**
 * Reads a contour. Its form is checked, and every point computed again; throws `bad-contour` for a file that is damaged or was
 * changed.
 *
 * @example
 * import { contours, learn } from "isoline";
 *
 * await (await learn(["true"], { output: "true.contour" })).ended;
 * const contour = await contours.read("true.contour");
 * console.log(contour.profile.name, contour.size > 0);
 * // prints: iso1 true
 */
export function read(file: string): Promise<AnyContour> {
  return loadAnyContour(file);
}

/**
 * Writes a contour: what was there before is there unchanged, or all of the contour is, whatever happens meanwhile. The signature of
 * another contour that was there before is removed.
 *
 * @example
 * import { contours, learn } from "isoline";
 *
 * await (await learn(["true"], { output: "true.contour" })).ended;
 * contours.write("copy.contour", await contours.read("true.contour"));
 * console.log((await contours.read("copy.contour")).size > 0);
 * // prints: true
 */
export function write(file: string, contour: AnyContour): { readonly removedSignature: boolean } {
  const output = Output.open(file);
  try {
    output.write(writeContour(readable(contour)));
    return { removedSignature: removeStaleSignature(output) };
  } finally {
    output.close();
  }
}

/**
 * What one contour does that another does not. Where only their class rules differ, what a rule takes is the same act in both, and the
 * rule is the difference. Throws `not-comparable` for contours of different profiles or otherwise different policies.
 *
 * @example
 * import { contours, learn } from "isoline";
 *
 * await (await learn(["sh", "-c", "true"], { output: "a.contour" })).ended;
 * await (await learn(["sh", "-c", "cat /etc/hostname > /dev/null"], { output: "b.contour" })).ended;
 * const { equal, onlyB } = contours.diff(await contours.read("a.contour"), await contours.read("b.contour"));
 * console.log(equal, onlyB.some(({ act }) => act.includes("/etc/hostname")));
 * // prints: false true
 */
export function diff(a: AnyContour, b: AnyContour): ContourDiff {
  return difference(a, b);
}

/**
 * One contour of several: what any of them does, with the class rules of all. Throws `not-comparable` for contours of different profiles
 * or otherwise different policies, and where two class rules about one place cannot be one.
 *
 * @example
 * import { contours, learn } from "isoline";
 *
 * await (await learn(["true"], { output: "a.contour" })).ended;
 * await (await learn(["true"], { output: "b.contour" })).ended;
 * const merged = contours.merge(await contours.read("a.contour"), await contours.read("b.contour"));
 * console.log(merged.size > 0);
 * // prints: true
 */
export function merge(first: AnyContour, ...others: readonly AnyContour[]): AnyContour {
  const [one, ...more] = underCommonRules([first, ...others].map((contour) => ({ contour, evidence: undefined })));
  return mergeContours([
    readable((one as Known).contour),
    ...more.map(({ contour }) => readable(contour)),
  ]) as unknown as AnyContour;
}

/** As a contour of any profile, whose events are only read: two are compared or merged only if they are of one profile. */
function readable(contour: AnyContour): Contour<Exchange> {
  return contour as unknown as Contour<Exchange>;
}

export { accept, prune, query, update } from "./amending.ts";
export { confidence } from "./confidence.ts";
