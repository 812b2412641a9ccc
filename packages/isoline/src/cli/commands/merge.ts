/** `isoline merge`: one contour of several; or, as git's merge driver, of two branches. */
import { mergeFiles, mergeInto } from "../../library/merging.ts";
import { assertWritable } from "../../store/output.ts";
import { status } from "../ending.ts";
import { sayStaleSignature } from "../output/stale-signature.ts";
import { note } from "../output/streams.ts";
import { counted, harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface MergeOptions {
  readonly output?: string;
  readonly driver?: boolean;
  readonly quiet?: boolean;
}

export async function merge(files: readonly string[], { output, driver, quiet }: MergeOptions): Promise<number> {
  if (driver) return mergeForGit(files);
  if (output === undefined) throw usage("expected -o FILE, where the merged contour is to be written");
  assertWritable(output);
  const result = await mergeFiles(files, output);
  if (result === undefined) throw usage("expected at least two contours to merge, or one in which git left a conflict");
  const { merged, sizes, runs, removedSignature } = result;
  if (!quiet) {
    if (removedSignature) sayStaleSignature(output);
    const from = runs === undefined ? "" : `, from ${counted(runs, "run")}`;
    note(`${harmless(output)}: ${counted(merged.size, "point")} of ${sizes.join(" + ")}${from}`);
  }
  return status.success;
}

/** Git gives the files of the origin and of both branches, takes the result from the second, and says the path last. */
function mergeForGit(files: readonly string[]): number {
  const [origin, ours, theirs, , ...more] = files;
  if (origin === undefined || ours === undefined || theirs === undefined || more.length > 0)
    throw usage("expected what git gives a merge driver: %O %A %B %P; see isoline git-setup");
  mergeInto(ours, origin, theirs);
  return status.success;
}
