/** Published contours, and which of them a rule accepts. */
import { ContourFile } from "./contour-file.ts";
import type { CanisterRule } from "./policy.ts";
import type { Trust } from "./question.ts";
import type { ContourReference, References } from "./references.ts";

export interface Published {
  readonly references: readonly ContourReference[];
  readonly files: readonly ContourFile[];
}

/** All that were published, or those that the rule names: by digest, or by the name that reference values give them. */
export async function acceptedBy(
  { contours: accepted }: CanisterRule,
  { contours: files }: Trust,
  { contours: references }: References,
): Promise<Published> {
  const all = { references, files: files.map((one) => ContourFile.of(one)) };
  if (accepted === undefined) return all;
  const isNamed = (digest: string) => accepted.includes(`sha256:${digest}`);
  const kept = references.filter(({ name, contour }) => accepted.includes(name) || isNamed(contour));
  const known = await Promise.all(all.files.map(async (file) => [file, await file.digest] as const));
  const ofNamed = known.filter(
    ([, digest]) => digest !== undefined && (isNamed(digest) || kept.some(({ contour }) => contour === digest)),
  );
  return { references: kept, files: ofNamed.map(([file]) => file) };
}
