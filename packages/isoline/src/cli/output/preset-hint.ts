/**
 * What is said of toolchains whose second build is known to differ from the first: that there is a preset. Said after learning without
 * it, and beside departures.
 */
import { IsolineError } from "@isoline/core/error";
import { missingPresets, parsePolicy, type PresetName, toolNames } from "@isoline/core/identity";
import { loadAnyContour } from "../../store/contour-file.ts";
import { note } from "./streams.ts";
import { harmless } from "./wording.ts";

/** After learning: the next build finds what this one has left. */
export async function sayPresetForNext(file: string): Promise<void> {
  const missing = await missingIn(file);
  if (missing.length === 0) return;
  note(
    `the next run will find the caches and outputs of this one: learn anew with ${options(missing)}, or learn it once more with --merge`,
  );
}

/** Beside departures. */
export async function sayPresetForDepartures(file: string): Promise<void> {
  const missing = await missingIn(file);
  if (missing.length === 0) return;
  note(
    `${harmless(file)} was learnt without ${options(missing)}: if it was learnt with a cold cache, learn once more with --merge, or anew with the preset`,
  );
}

function options(names: readonly PresetName[]): string {
  return names.map((name) => `--preset ${name}`).join(" ");
}

/** A contour that cannot be read is complained about elsewhere. */
async function missingIn(file: string): Promise<readonly PresetName[]> {
  try {
    const contour = await loadAnyContour(file);
    if (contour.profile.name !== "iso1") return [];
    const programs = new Set([...contour.tasks()].flatMap((task) => toolNames(task)));
    return missingPresets(parsePolicy(JSON.parse(contour.policy)), programs);
  } catch (fault) {
    if (fault instanceof IsolineError) return [];
    throw fault;
  }
}
