/** `isoline import`: a profile of another system as a prior beside a contour, which confirms its rules or removes them. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { iso1 } from "@isoline/core/profile";
import { permitsOf } from "../../export/permits.ts";
import type { Entry } from "../../namespace/entry.ts";
import { readPlaces } from "../../namespace/places.ts";
import { type KeptPrior, PRIOR_SUFFIX, savePrior } from "../../prior/file.ts";
import { type ImportFormat, readPrior } from "../../prior/formats.ts";
import { asPrior, weighPrior } from "../../prior/weigh.ts";
import { readRegular } from "../../store/bounded-file.ts";
import { loadContour } from "../../store/contour-file.ts";
import { status } from "../ending.ts";
import { escapeLine } from "../output/prior.ts";
import { note, printJson, printLine } from "../output/streams.ts";
import { counted, harmless } from "../output/wording.ts";

export interface ImportOptions {
  readonly from: ImportFormat;
  readonly json?: boolean;
  /** Only compares, and writes nothing. */
  readonly dryRun?: boolean;
}

/** A profile of a megabyte is some ten thousand rules. */
const MOST_BYTES = 2 ** 20;

export async function importFrom(profile: string, file: string, options: ImportOptions, entry: Entry): Promise<number> {
  const read = await readPrior(options.from, readRegular(profile, MOST_BYTES, "a profile").toString("utf8"));
  const begun = asPrior(read, options.from, basename(profile));
  // A profile may come before anything was learnt.
  const isLearnt = existsSync(file);
  const { prior, lacking } = isLearnt
    ? weighPrior(begun, permitsOf(await loadContour(file, iso1), readPlaces(entry)), 0)
    : { prior: begun, lacking: [] };
  if (!options.dryRun) savePrior(file, prior);
  const [confirmed, unseen] = [textsOf(prior, true), textsOf(prior, false)];
  if (options.json) {
    printJson({ confirmed, unseen, lacking, unread: read.unread });
    return status.success;
  }
  for (const text of confirmed) printLine(`  ${escapeLine(text)}`);
  for (const text of unseen) printLine(`- ${escapeLine(text)}`);
  for (const text of lacking) printLine(`+ ${escapeLine(text)}`);
  const learnt = isLearnt
    ? `${counted(confirmed.length, "rule")} confirmed by ${harmless(file)}, ${unseen.length} that nothing there needs (-), ` +
      `${counted(lacking.length, "act")} that no rule permits (+)`
    : `${counted(unseen.length, "rule")}, none confirmed: ${harmless(file)} is not learnt yet`;
  note(`${learnt}, ${counted(read.unread.length, "line")} not read`);
  if (!options.dryRun)
    note(
      `${harmless(file)}${PRIOR_SUFFIX} holds them: isoline learn --merge -o ${harmless(file)} confirms or removes them, and isoline show lists them`,
    );
  return status.success;
}

function textsOf({ rules }: KeptPrior, isConfirmed: boolean): string[] {
  return rules.filter(({ state }) => (state === "confirmed") === isConfirmed).map(({ rule }) => rule.text);
}
