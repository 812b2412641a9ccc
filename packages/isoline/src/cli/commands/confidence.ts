/** `isoline confidence`: what the runs of a contour say about further runs. */
import { type Confidence, causes } from "@isoline/core/evidence";
import { confidence as confidenceIn } from "../../library/confidence.ts";
import { CliError } from "../../error.ts";
import { status } from "../ending.ts";
import { estimateText, percent } from "../output/expectation.ts";
import { paint } from "../output/paint.ts";
import { print, printJson } from "../output/streams.ts";
import { table } from "../output/table.ts";
import { counted, grouped, harmless } from "../output/wording.ts";

export interface ConfidenceOptions {
  readonly json?: boolean;
}

/** Programs that are listed. */
const MOST_PROGRAMS = 12;

export async function confidence(file: string, { json }: ConfidenceOptions): Promise<number> {
  const found = await confidenceIn(file);
  if (found === undefined)
    throw new CliError(
      "no-evidence",
      `${file}: expected evidence of at least one run that was observed as a whole, found none; learn the contour again, or add runs: ` +
        `isoline learn --merge -o ${file} -- COMMAND`,
    );
  if (json) printJson({ isoline: 1, contour: file, ...found });
  else print([...summary(file, found), ...reasons(found)].map((line) => `${line}\n`).join(""));
  return status.success;
}

function summary(file: string, found: Confidence): string[] {
  const { estimate, needed, incomplete, runs, clean } = found;
  const lines = [
    paint("bold", `${harmless(file)}: ${estimateText(estimate)}`),
    `${counted(runs, "run")} recorded, ${clean} from a clean start${incomplete > 0 ? `, ${incomplete} incomplete and not counted` : ""}`,
  ];
  lines.push(...grounds(found));
  for (const { target, runs: more } of needed) {
    const much =
      more === undefined
        ? "more than ten thousand further runs that do nothing new"
        : more === 0
          ? "reached"
          : `${counted(more, "more run")} that ${more === 1 ? "does" : "do"} nothing new`;
    lines.push(`at most ${percent(target)}: ${much}`);
  }
  return lines;
}

/** What the estimate rests on, and what that is worth. */
function grounds({ clean, alone, byHalves, estimate }: Confidence): string[] {
  if (estimate.rests === "clean") return ["the estimate rests on the runs from a clean start, and holds for such runs"];
  const few =
    clean === 0 ? "no run is known to have begun from a clean start" : `only ${clean} began from a clean start`;
  const doubt = `${few}, so runs may depend on what earlier ones left; learn with --clean COMMAND or --clean-start to exclude that`;
  if (estimate.way === "alone" || byHalves === undefined) return [doubt];
  const much = `${byHalves.departing} of the later ${byHalves.trials} did something that no run of the earlier half had done`;
  return [
    doubt,
    `${alone.departing} of ${alone.trials} runs did something that no other did, but ${much}: that counts`,
  ];
}

function reasons({ causes: found, programs, estimate }: Confidence): string[] {
  if (found.length === 0) return [];
  const lines = [
    "",
    ...table(
      ["WHY", "RUNS", "ONLY WHY", "POINTS", ""],
      found.map((each) => [
        each.cause,
        `${each.runs} of ${estimate.trials}`,
        grouped(each.only),
        grouped(each.points),
        causes[each.cause],
      ]),
    ),
  ];
  lines.push(
    "",
    ...found.flatMap(({ cause, examples }) =>
      examples.map(({ program, act }) => `  ${cause}: ${harmless(program)}: ${harmless(act)}`),
    ),
  );
  const listed = programs.slice(0, MOST_PROGRAMS);
  lines.push(
    "",
    ...table(
      ["PROGRAM", "RUNS", "ONLY IT", "POINTS"],
      listed.map((each) => [
        harmless(each.program),
        `${each.runs} of ${estimate.trials}`,
        grouped(each.only),
        grouped(each.points),
      ]),
    ),
  );
  if (programs.length > listed.length)
    lines.push(`and ${counted(programs.length - listed.length, "more program")}; --json has all`);
  return lines;
}
