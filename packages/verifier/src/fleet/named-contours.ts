/** Contours that are named: in canister bodies, with signatures, and in reference values, for images. */
import type { References } from "@isoline/attest/appraise";
import type { CanisterBody } from "@isoline/attest/evidence";

/** Digests, each once. */
export function digestsIn(bodies: readonly CanisterBody[]): readonly string[] {
  return [...new Set(bodies.flatMap(({ contour }) => (contour === undefined ? [] : [hex(contour)])))];
}

/** By the contours that they are about, each once: many canisters may have one. */
export function signaturesIn(bodies: readonly CanisterBody[]): ReadonlyMap<string, readonly Uint8Array[]> {
  const signatures = new Map<string, Map<string, Uint8Array>>();
  for (const { contour, signature } of bodies) {
    if (contour === undefined || signature === undefined) continue;
    const about = hex(contour);
    const known = signatures.get(about) ?? new Map<string, Uint8Array>();
    signatures.set(about, known.set(hex(signature), signature));
  }
  return new Map([...signatures].map(([about, each]) => [about, [...each.values()]]));
}

/** The images that a contour is for, those of all values that name it together; none: any. */
export function imagesByContour(told: References["contours"]): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, readonly string[]>();
  for (const { contour, images } of told) {
    const before = all.get(contour) ?? images;
    all.set(contour, before.length === 0 || images.length === 0 ? [] : [...new Set([...before, ...images])]);
  }
  return all;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
