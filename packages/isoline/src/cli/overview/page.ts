/**
 * A contour as a page: a summary, the acts with the gravest consequences, what most programs do, then what each program does beyond
 * that.
 *
 * With `all`, each task is listed separately with everything it does: a program that was started in another way is another
 * task.
 */
import type { AnyContour, Contour, Phase } from "@isoline/core/contour";
import { chainPhrase } from "@isoline/core/engine";
import type { Exchange } from "@isoline/core/profile";
import { lensOf } from "../lens-name.ts";
import { paint } from "../output/paint.ts";
import { counted } from "../output/wording.ts";
import { type Common, commonActivities, ownActivities } from "./common-activities.ts";
import { gravestLines } from "./gravest.ts";
import { type Section, sectionsOf } from "./lines.ts";
import { type ProgramOverview, programsOf } from "./programs.ts";

const HEADING_WIDTH = 13;
const FEW_CHAINS = 3;

export interface About {
  readonly all: boolean;
  /** In how many runs it was learnt, where there is evidence of that. */
  readonly runs?: number | undefined;
  /** Lines about what lies beside it. */
  readonly beside?: readonly string[];
}

export function contourPage(file: string, contour: AnyContour, { all, runs, beside = [] }: About): string {
  const programs = programsOf(contour as unknown as Contour<Exchange>, all);
  const users = usersOf(programs);
  return [
    ...preface(file, contour, programs, users, runs),
    ...gravestLines(programs, all),
    ...beside,
    ...titles.flatMap(([phase, title]) => {
      const own = programs.filter((program) => program.phase === phase);
      return own.length === 0 ? [] : [...title, ...phasePart(own, users, all)];
    }),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

/** For a canister, acts of the runtime and acts of the workload are listed apart. */
const titles: readonly (readonly [Phase | undefined, readonly string[]])[] = [
  [undefined, []],
  ["runtime", ["", paint("bold", "— runtime set-up —")]],
  ["workload", ["", paint("bold", "— workload —")]],
];

function phasePart(programs: readonly ProgramOverview[], users: readonly string[], all: boolean): string[] {
  const common: Common = all ? { programs: 0, activities: [] } : commonActivities(programs);
  return [...commonPart(common, all), ...programs.flatMap((program) => part(program, common, users, all))];
}

function preface(
  file: string,
  contour: AnyContour,
  programs: readonly ProgramOverview[],
  users: readonly string[],
  runs: number | undefined,
): string[] {
  const count = counted(new Set(programs.flatMap(({ path }) => (path === "" ? [] : [path]))).size, "program");
  const learnt = `${counted(contour.size, "point")} of ${count}${runs === undefined ? "" : `, learnt in ${counted(runs, "run")}`}`;
  const who = users.length === 1 ? `; as ${users[0]}` : "";
  return [
    `${file}: ${learnt}; profile ${contour.profile.name}, ${lensOf(contour).text}${who}`,
    ...contour.incomplete.map((reason) => `${paint("yellow", "incomplete:")} ${reason}`),
  ];
}

function commonPart({ programs, activities }: Common, all: boolean): string[] {
  if (activities.length === 0) return [];
  const heading = `${paint("bold", "most programs")}   ${paint("dim", `of the ${programs}; --all says which`)}`;
  return ["", heading, ...sectionLines(sectionsOf(activities, all))];
}

function part(
  { chains, path, users, activities, ordinary }: ProgramOverview,
  common: Common,
  known: readonly string[],
  all: boolean,
): string[] {
  const [first, ...others] = chains;
  const name =
    first === undefined
      ? "before the first program"
      : others.length === 0
        ? chainText(first, all)
        : `… → ${first.at(-1)}`;
  const as = known.length === 1 ? "" : `as ${users.join(", ")}`;
  const own = chains.length === 0 ? activities : ownActivities(activities, common);
  const started: Section[] = others.length === 0 ? [] : [["started as", chainLines(chains, all)]];
  const usual = `as usual: ${counted(ordinary, "act")} of loader, libraries and locale (--all)`;
  const starts: Section[] = ordinary === 0 ? [] : [["starts", [usual]]];
  const lines = sectionLines([...started, ...sectionsOf(own, all), ...starts]);
  return [
    "",
    `${paint("bold", name ?? "")}   ${paint("dim", [path, as].filter((text) => text !== "").join("  "))}`.trimEnd(),
    ...(lines.length > 0 ? lines : [paint("dim", "  nothing else")]),
  ];
}

/** The middle of a long chain is left out. */
function chainText(chain: readonly string[], all: boolean): string {
  return all ? chain.join(" → ") : chainPhrase(chain);
}

function chainLines(chains: readonly (readonly string[])[], all: boolean): string[] {
  const lines = [...new Set(chains.map((chain) => chainText(chain, all)))];
  const rest = lines.length - FEW_CHAINS;
  return rest > 1 ? [...lines.slice(0, FEW_CHAINS), `… and in ${rest} more ways (--all)`] : lines;
}

function sectionLines(sections: readonly Section[]): string[] {
  return sections.flatMap(([title, entries]) =>
    entries.map((entry, at) => `  ${paint("cyan", (at === 0 ? title : "").padEnd(HEADING_WIDTH))}${entry}`),
  );
}

/** The credentials of the acts. */
function usersOf(programs: readonly ProgramOverview[]): readonly string[] {
  return [...new Set(programs.flatMap(({ users }) => users))];
}
