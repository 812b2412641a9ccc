/** `isoline merge`: one contour of several. */
import { Evidence } from "@isoline/core/evidence";
import * as contours from "../../library/contours.ts";
import { loadEvidence, saveEvidence } from "../../store/evidence-file.ts";
import { assertWritable } from "../../store/output.ts";
import { status } from "../ending.ts";
import { sayStaleSignature } from "../output/stale-signature.ts";
import { note } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface MergeOptions {
  readonly output?: string;
  readonly quiet?: boolean;
}

export async function merge(files: readonly string[], { output, quiet }: MergeOptions): Promise<number> {
  if (output === undefined) throw usage("expected -o FILE, where the merged contour is to be written");
  assertWritable(output);
  const [first, ...others] = await Promise.all(files.map(contours.read));
  if (first === undefined || others.length === 0) throw usage("expected at least two contours to merge");
  const merged = contours.merge(first, ...others);
  const known = files.flatMap((file) => loadEvidence(file) ?? []);
  const { removedSignature } = contours.write(output, merged);
  if (known.length > 0)
    saveEvidence(
      output,
      known.reduce((all, each) => Evidence.merge(all, each)),
    );
  if (!quiet) {
    if (removedSignature) sayStaleSignature(output);
    const sizes = [first, ...others].map(({ size }) => size).join(" + ");
    note(`${output}: ${counted(merged.size, "point")} of ${sizes}, from ${counted(merged.runs, "run")}`);
  }
  return status.success;
}
