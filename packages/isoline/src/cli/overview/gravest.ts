/** The acts of a whole contour with the gravest consequences: what a reviewer reads first. */
import { type Consequence, consequences } from "@isoline/core/engine";
import { paint } from "../output/paint.ts";
import { counted, grouped } from "../output/wording.ts";
import { activityText } from "./lines.ts";
import type { ProgramOverview } from "./programs.ts";

/** Changes and reads are as many as there are files; they stand with their programs. */
const TOLD: ReadonlySet<Consequence> = new Set(["credentials", "persistence", "privilege", "execution", "network"]);
/** Lines for each consequence. */
const FEW = 4;
const WIDTH = 13;

/**
 * A line for each act, the gravest first; none where nothing grave is permitted. With `all`, every one. What a runtime does to set up a
 * container is only counted: it does so for every container, and would hide what this one does.
 */
export function gravestLines(programs: readonly ProgramOverview[], all: boolean): string[] {
  const setUp = all ? [] : programs.filter(({ phase }) => phase === "runtime");
  const acts = actsOf(programs.filter((program) => !setUp.includes(program)));
  const lines = consequences.flatMap((consequence) => {
    const own = acts.filter((act) => act.consequence === consequence).toSorted((one, other) => one.rank - other.rank);
    const texts = [...new Set(own.map(({ text }) => text))];
    const rest = texts.length - FEW;
    const told = all || rest <= 1 ? texts : [...texts.slice(0, FEW), `… and ${grouped(rest)} more (--all)`];
    return told.map((text, at) => line(at === 0 ? consequence : "", text));
  });
  const ofRuntime = new Set(actsOf(setUp).map(({ text }) => text)).size;
  if (ofRuntime > 0)
    lines.push(line("set-up", `${counted(ofRuntime, "act")} of the runtime that sets the container up (--all)`));
  return lines.length === 0 ? [] : ["", paint("bold", "what matters first"), ...lines];
}

/** What could have a grave consequence. */
function actsOf(programs: readonly ProgramOverview[]) {
  return programs.flatMap(({ chains, activities }) =>
    activities.flatMap((activity) => {
      const { weight } = activity;
      if (weight === undefined || !TOLD.has(weight.consequence)) return [];
      // Before its first program there is a process, and no program that could be named.
      const who = chains[0]?.at(-1) ?? "the first process";
      return [{ ...weight, text: `${who} ${activityText(activity)}` }];
    }),
  );
}

function line(heading: string, text: string): string {
  return `  ${paint("cyan", heading.padEnd(WIDTH))}${text}`;
}
