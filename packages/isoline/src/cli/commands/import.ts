/** `isoline import`: a profile of another system beside a contour, which confirms its rules or removes them. */
import { escapeText } from "@isoline/core/event";
import { iso1 } from "@isoline/core/profile";
import { permitsOf } from "../../export/permits.ts";
import type { Entry } from "../../namespace/entry.ts";
import { readPlaces } from "../../namespace/places.ts";
import { comparePrior } from "../../prior/compare.ts";
import { type ImportFormat, readPrior } from "../../prior/formats.ts";
import { readRegular } from "../../store/bounded-file.ts";
import { loadContour } from "../../store/contour-file.ts";
import { status } from "../ending.ts";
import { note, printJson, printLine } from "../output/streams.ts";
import { counted } from "../output/wording.ts";

export interface ImportOptions {
  readonly from: ImportFormat;
  readonly json?: boolean;
}

/** A profile of a megabyte is some ten thousand rules. */
const MOST_BYTES = 2 ** 20;

export async function importFrom(profile: string, file: string, options: ImportOptions, entry: Entry): Promise<number> {
  const prior = await readPrior(options.from, readRegular(profile, MOST_BYTES, "a profile").toString("utf8"));
  const contour = await loadContour(file, iso1);
  const { confirmed, unseen, lacking } = comparePrior(prior, permitsOf(contour, readPlaces(entry)));
  const texts = (rules: typeof confirmed) => rules.map(({ text }) => text);
  if (options.json) {
    printJson({ confirmed: texts(confirmed), unseen: texts(unseen), lacking, unread: prior.unread });
    return status.success;
  }
  for (const text of texts(confirmed)) printLine(`  ${escapeLine(text)}`);
  for (const text of texts(unseen)) printLine(`- ${escapeLine(text)}`);
  for (const text of lacking) printLine(`+ ${escapeLine(text)}`);
  note(
    `${counted(confirmed.length, "rule")} confirmed by ${file}, ${unseen.length} that nothing there needs (-), ` +
      `${counted(lacking.length, "act")} that no rule permits (+), ${counted(prior.unread.length, "line")} not read`,
  );
  return status.success;
}

/** Spaces stay; anything that could act on a terminal does not. */
const escapeLine = (text: string) => text.split(" ").map(escapeText).join(" ");
