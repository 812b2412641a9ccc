/** `isoline query`: which programs of a contour do something like this? 0 some, 1 none, as grep(1). */
import type { Contour } from "@isoline/core/contour";
import { type FoundProgram, queryContour } from "@isoline/core/engine";
import { iso1 } from "@isoline/core/profile";
import { loadAnyContour } from "../../store/contour-file.ts";
import { status } from "../ending.ts";
import { note, printJson, printLine } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";
import { answerPage } from "../query/page.ts";
import { usage } from "../refusal.ts";

export interface QueryOptions {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function query(file: string, words: readonly string[], options: QueryOptions): Promise<number> {
  const { all = false, json, quiet } = options;
  const contour = await loadAnyContour(file);
  if (contour.profile !== iso1)
    throw usage(
      `expected a contour of the profile iso1; ${file} has ${contour.profile.name}, whose acts have other fields`,
    );
  const found = queryContour(contour as Contour, words.join(" "));
  if (json) printJson({ isoline: 1, question: words.join(" "), programs: found.map(document) });
  else if (!quiet && found.length > 0) for (const line of answerPage(found, all)) printLine(line);
  if (!json && !quiet && found.length === 0) note(`no point of ${harmless(file)} fits: ${harmless(words.join(" "))}`);
  return found.length > 0 ? status.success : status.nothingFound;
}

function document({ acts, ...program }: FoundProgram): unknown {
  return { ...program, acts: acts.map(({ point, act, says, consequence }) => ({ point, act, says, consequence })) };
}
