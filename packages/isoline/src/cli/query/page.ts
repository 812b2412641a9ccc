/** The answer to a question as text: each program, how it comes to run, and what it may do of what was asked. */
import { chainPhrase, type FoundAct, type FoundProgram } from "@isoline/core/engine";
import { paint } from "../output/paint.ts";
import { counted, harmless } from "../output/wording.ts";

const COLUMN = 13;
const FEW_CHAINS = 3;
const FEW_ACTS = 15;
const FEW_PROGRAMS = 25;

/** Lines; with `all`, every program and every act. */
export function answerPage(found: readonly FoundProgram[], all: boolean): string[] {
  const shown = all ? found : found.slice(0, FEW_PROGRAMS);
  const lines = shown.flatMap((program) => programLines(program, all));
  const rest = found.length - shown.length;
  const acts = found.reduce((sum, program) => sum + program.acts.length, 0);
  return [
    ...lines,
    ...(rest > 0 ? [`… and ${counted(rest, "program")} more (--all)`, ""] : []),
    `${counted(acts, "act")} of ${counted(found.length, "program")}`,
  ];
}

function programLines({ program, path, chains, users, acts }: FoundProgram, all: boolean): string[] {
  const name = program === "" ? "before the first program" : harmless(program);
  const as = `as ${users.join(", ")}`;
  const ways = [...new Set(chains.filter((chain) => chain.length > 1).map((chain) => chainPhrase(chain)))];
  const shownWays = all || ways.length <= FEW_CHAINS + 1 ? ways : ways.slice(0, FEW_CHAINS);
  const shown = all || acts.length <= FEW_ACTS + 1 ? acts : acts.slice(0, FEW_ACTS);
  return [
    `${paint("bold", name)}   ${paint("dim", [path, as].filter((text) => text !== "").join("  "))}`,
    ...shownWays.map((way) => line("comes by", way)),
    ...(shownWays.length < ways.length
      ? [line("", `… and in ${ways.length - shownWays.length} more ways (--all)`)]
      : []),
    ...headed(shown),
    ...(shown.length < acts.length
      ? [line("", `… and ${counted(acts.length - shown.length, "act")} more (--all)`)]
      : []),
    "",
  ];
}

/** Each consequence once, before the first of its acts. */
function headed(acts: readonly FoundAct[]): string[] {
  return acts.map(({ consequence, says }, at) =>
    line(consequence === acts[at - 1]?.consequence ? "" : consequence, says),
  );
}

function line(heading: string, text: string): string {
  return `  ${paint("cyan", heading.padEnd(COLUMN))}${text}`;
}
