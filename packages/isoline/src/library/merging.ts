/** Contours that are merged, with the evidence beside them: several into one, and two branches of a history. */
import { type AnyContour, Contour, conflictSides, mergeBranches, parseContour } from "@isoline/core/contour";
import { classed, staleIn } from "@isoline/core/generalise";
import { decodeEvidence, encodeEvidence, Evidence } from "@isoline/core/evidence";
import { IsolineError } from "@isoline/core/error";
import type { Exchange } from "@isoline/core/profile";
import { readRegular } from "../store/bounded-file.ts";
import { loadAnyContour } from "../store/contour-file.ts";
import { loadEvidence, removeEvidence, saveEvidence } from "../store/evidence-file.ts";
import { writeDurably } from "../store/output.ts";
import { type Known, underCommonRules } from "./common-rules.ts";
import { merge, write } from "./contours.ts";

/** A file with conflicts is read as a whole, and has lines of both sides. */
const MOST_CONFLICT_BYTES = 2 ** 29;

/** What was merged into a file. */
export interface MergedFiles {
  readonly merged: AnyContour;
  /** The sizes of the contours that were given. */
  readonly sizes: readonly number[];
  /** In how many runs it was learnt, where there is evidence. */
  readonly runs: number | undefined;
  readonly removedSignature: boolean;
}

/**
 * Merges contours, and their evidence, into a file. A file in which git left a conflict counts as two contours, one for each side.
 * Undefined for fewer than two.
 */
export async function mergeFiles(files: readonly string[], output: string): Promise<MergedFiles | undefined> {
  const given = (await Promise.all(files.map(knownIn))).flat();
  // Before they are merged, so that evidence of a name becomes evidence of its class.
  const all = underCommonRules(given);
  const [first, ...others] = all.map(({ contour }) => contour);
  if (first === undefined || others.length === 0) return undefined;
  const merged = merge(first, ...others);
  const known = all.flatMap(({ evidence }) => evidence ?? []);
  const evidence = known.length === 0 ? undefined : known.reduce((sum, each) => Evidence.merge(sum, each));
  const { removedSignature } = write(output, merged);
  if (evidence === undefined) removeEvidence(output);
  else saveEvidence(output, evidence);
  return { merged, sizes: given.map(({ contour }) => contour.size), runs: evidence?.count, removedSignature };
}

/**
 * Merges what two branches have made of a contour, or of its evidence, and writes the result over `ours`. `origin` is what both began
 * with; it is empty where neither had it.
 */
export function mergeInto(ours: string, origin: string, theirs: string): void {
  const [own, other] = [bytesOf(ours), bytesOf(theirs)];
  if (startsAsEvidence(own)) {
    writeDurably(ours, [encodeEvidence(Evidence.merge(decodeEvidence(own), decodeEvidence(other)))]);
    return;
  }
  const contour = readable(parseContour(own));
  const begun = bytesOf(origin);
  const before = begun.length === 0 ? nothingOf(contour) : readable(parseContour(begun));
  const merged = mergeBranches(before, contour, readable(parseContour(other)));
  write(ours, underItsRules(merged, before) as unknown as AnyContour);
}

/** The origin of a file that both branches added: without a policy, so that what either branch has of it is its own. */
function nothingOf({ profile, base, aggregate }: Contour<Exchange>): Contour<Exchange> {
  return Contour.create({ profile, policy: "{}", base, aggregate });
}

/**
 * What one branch learnt by its name is one of the class that the other branch has made a rule for. What one learnt as one of a class
 * for which the other deleted the rule cannot be kept by its name, so that is a conflict.
 */
function underItsRules(merged: Contour<Exchange>, before: Contour<Exchange>): Contour<Exchange> {
  if (merged.profile.name !== "iso1") return merged;
  const contour = merged as unknown as Contour;
  if (hasRules(contour) || hasRules(before as unknown as Contour)) {
    const lost = staleIn(contour, (index) => before.indexOfPoint(contour.point(index)) >= 0);
    if (lost > 0)
      throw new IsolineError(
        "not-comparable",
        `one branch deleted a rule of the policy, and the other learnt ${lost} ${lost === 1 ? "act" : "acts"} of its class; ` +
          "put the rule back there, or delete these acts here, and merge again",
      );
  }
  return (hasRules(contour) ? classed(contour) : contour) as unknown as Contour<Exchange>;
}

function hasRules({ policy }: Contour): boolean {
  return "classes" in (JSON.parse(policy) as object);
}

function bytesOf(path: string): Buffer {
  return readRegular(path, MOST_CONFLICT_BYTES, "a contour or its evidence");
}

export function startsAsEvidence(bytes: Buffer): boolean {
  return bytes.toString("latin1", 0, 17) === "isoline evidence ";
}

/** The contour in a file, or both sides of one with conflicts, each with what the evidence beside the file says of its points. */
async function knownIn(file: string): Promise<Known[]> {
  const sides = await sidesIn(file);
  return sides.map((contour) => ({ contour, evidence: loadEvidence(file, contour) }));
}

/** The contour in a file, or both sides of one with conflicts. */
async function sidesIn(file: string): Promise<AnyContour[]> {
  try {
    return [await loadAnyContour(file)];
  } catch (fault) {
    if (!(fault instanceof IsolineError) || fault.code !== "bad-contour") throw fault;
    const sides = conflictSides(readRegular(file, MOST_CONFLICT_BYTES, "a contour").toString("utf8"));
    if (sides === undefined) throw fault;
    return sides.map((side) => parseContour(side));
  }
}

function readable(contour: AnyContour): Contour<Exchange> {
  return contour as unknown as Contour<Exchange>;
}
