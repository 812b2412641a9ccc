/** `isoline service show`: whether a service is learnt or enforced, by which contour, and whether its unit has changed since. */
import { existsSync } from "node:fs";
import { IsolineError } from "@isoline/core/error";
import { iso1 } from "@isoline/core/profile";
import { markIn } from "../../../service/drop-in.ts";
import { estimate } from "../../../library/confidence.ts";
import { loadContour } from "../../../store/contour-file.ts";
import { status } from "../../ending.ts";
import { estimateText } from "../../output/expectation.ts";
import { printJson, printLine } from "../../output/streams.ts";
import { counted, harmless } from "../../output/wording.ts";
import { type Asked, asked, dropInNow, type ServiceOptions } from "./asked.ts";

export interface ServiceShowOptions extends ServiceOptions {
  readonly json?: boolean;
}

/** Status 1 if the drop-in is not what the unit as it is now asks for. */
export async function serviceShow(told: string, options: ServiceShowOptions): Promise<number> {
  const about = asked(told, options);
  const { unit, place, contour } = about;
  const text = place.read();
  const mark = markIn(text ?? "");
  const mode = mark === undefined ? "none" : mark.mode;
  const stale = text === undefined || mark === undefined ? undefined : await staleness(about, mark.mode, text, options);
  const learnt = existsSync(contour) ? (await loadContour(contour, iso1)).size : undefined;
  if (options.json) printJson({ isoline: 1, unit, mode, dropIn: place.path, stale, contour, points: learnt });
  else {
    printLine(`${unit}: ${said[mode]}`);
    if (mark !== undefined) printLine(`drop-in   ${harmless(place.path)}${stale === undefined ? "" : `: ${stale}`}`);
    printLine(`contour   ${harmless(contour)}: ${learnt === undefined ? "not there" : counted(learnt, "point")}`);
    const found = learnt === undefined ? undefined : estimate(contour);
    if (found !== undefined) printLine(`learning  ${estimateText(found)}`);
  }
  return stale === undefined ? status.success : status.failure;
}

const said = { none: "not under isoline", learn: "being learnt", enforce: "enforced" } as const;

/** Undefined if the drop-in is what would be written now. */
async function staleness(
  about: Asked,
  mode: "learn" | "enforce",
  text: string,
  options: ServiceOptions,
): Promise<string | undefined> {
  try {
    const now = await dropInNow(about, mode, options);
    return now.text === text
      ? undefined
      : `the unit or the options have changed since; isoline service ${mode} ${about.unit} --dry-run shows how`;
  } catch (fault) {
    if (fault instanceof IsolineError) return harmless(fault.message);
    throw fault;
  }
}
