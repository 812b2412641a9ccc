/** `isoline merge`: merges several contours into one. */
import { type Contour, type Exchange, mergeContours, writeContour } from "@isoline/core";
import { loadAnyContour } from "../../store/contour-file.ts";
import { Output } from "../../store/output.ts";
import { status } from "../ending.ts";
import { dropStaleSignature } from "../output/stale-signature.ts";
import { note } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface MergeOptions {
  readonly output?: string;
  readonly quiet?: boolean;
}

export async function merge(files: readonly string[], { output, quiet }: MergeOptions): Promise<number> {
  if (output === undefined) throw usage("expected -o FILE, where the merged contour is to be written");
  const held = Output.open(output);
  const [first, ...others] = (await Promise.all(files.map(loadAnyContour))) as unknown as Contour<Exchange>[];
  if (first === undefined || others.length === 0) throw usage("expected at least two contours to merge");
  const merged = mergeContours([first, ...others]);
  held.write(writeContour(merged));
  dropStaleSignature(held, output, quiet ?? false);
  if (!quiet) {
    const sizes = [first, ...others].map(({ size }) => size).join(" + ");
    note(`${output}: ${counted(merged.size, "point")} of ${sizes}, from ${counted(merged.runs, "run")}`);
  }
  return status.success;
}
