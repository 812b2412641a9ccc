/** The acts of a whole contour with the gravest consequences: what a reviewer reads first. */
import { type Consequence, consequences } from "@isoline/core/engine";
import { paint } from "../output/paint.ts";
import { grouped } from "../output/wording.ts";
import { activityText } from "./lines.ts";
import type { ProgramOverview } from "./programs.ts";

/** Changes and reads are as many as there are files; they stand with their programs. */
const TOLD: ReadonlySet<Consequence> = new Set(["credentials", "persistence", "privilege", "execution", "network"]);
/** Lines for each consequence. */
const FEW = 4;
const WIDTH = 13;

/** A line for each act, the gravest first; none where nothing grave is permitted. With `all`, every one. */
export function gravestLines(programs: readonly ProgramOverview[], all: boolean): string[] {
  const acts = programs.flatMap(({ chains, activities }) =>
    activities.flatMap((activity) => {
      const { weight } = activity;
      if (weight === undefined || !TOLD.has(weight.consequence)) return [];
      const who = chains[0]?.at(-1) ?? "before the first program";
      return [{ ...weight, text: `${who} ${activityText(activity)}` }];
    }),
  );
  const lines = consequences.flatMap((consequence) => {
    const own = acts.filter((act) => act.consequence === consequence).toSorted((one, other) => one.rank - other.rank);
    const texts = [...new Set(own.map(({ text }) => text))];
    const rest = texts.length - FEW;
    const told = all || rest <= 1 ? texts : [...texts.slice(0, FEW), `… and ${grouped(rest)} more (--all)`];
    return told.map((text, at) => `  ${paint("cyan", (at === 0 ? consequence : "").padEnd(WIDTH))}${text}`);
  });
  return lines.length === 0 ? [] : ["", paint("bold", "what matters first"), ...lines];
}
