/** Reference values that name contours for images: a file that is published, with contours put in. */
import { readReferences, type References } from "@isoline/attest/appraise";
import { parseEnvelope } from "@isoline/core/verify";
import { CliError } from "../error.ts";
import { parseYaml } from "../store/yaml.ts";

export type ContourReference = References["contours"][number];

export interface Merged {
  /** The file, in JSON. */
  readonly text: string;
  /** Whether what is published has signatures, which do not hold for this text. */
  readonly wasSigned: boolean;
  /** Digests of contours that are named no more; `DIGEST for IMAGE` of one that is named for this image no more. */
  readonly left: readonly string[];
}

/** What the members of a file are here: of the others only that they stay. */
interface ReferencesFile {
  readonly contours?: readonly WrittenContour[];
}

/** As it may stand in a file. */
type WrittenContour = Omit<ContourReference, "images"> & Partial<Pick<ContourReference, "images">>;

const EMPTY = Buffer.from('{"references":1}');

/** The file with these contours, each in place of all that have its name. Refuses one that is no reference values. */
export async function withContours(
  present: Uint8Array | undefined,
  added: readonly ContourReference[],
): Promise<Merged> {
  const envelope = present && parseEnvelope(present);
  const file = await valueOf(envelope?.payload ?? present ?? EMPTY);
  const before = file.contours ?? [];
  const replaced = new Set(added.map(({ name }) => name));
  const contours = [...before.filter(({ name }) => !replaced.has(name)), ...added];
  const gone = before.flatMap((one) => leftOf(one, contours));
  return {
    text: `${JSON.stringify({ ...file, contours }, null, 2)}\n`,
    wasSigned: envelope !== undefined,
    left: [...new Set(gone)],
  };
}

/** What of a contour is not in the others. */
function leftOf({ contour, images = [] }: WrittenContour, others: readonly WrittenContour[]): readonly string[] {
  const same = others.filter((one) => one.contour === contour).map(({ images: its = [] }) => its);
  if (same.length === 0) return [contour];
  if (same.some((its) => its.length === 0)) return [];
  const kept = new Set(same.flat());
  return images.length === 0
    ? [`${contour} for any image`]
    : images.filter((image) => !kept.has(image)).map((image) => `${contour} for ${image}`);
}

/** A verifier of another version may have members that are not known here. To leave them out unseen would withdraw them. */
async function valueOf(bytes: Uint8Array): Promise<ReferencesFile> {
  await readReferences(bytes, []);
  const refused = (why: string, cause: unknown) =>
    new CliError("bad-fleet-answer", `the reference values that are published: ${why}; publish others with --set`, {
      cause,
    });
  return (await parseYaml(Buffer.from(bytes).toString("utf8"), refused)) as ReferencesFile;
}
