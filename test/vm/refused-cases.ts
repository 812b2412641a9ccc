/**
 * Runs each case as many times as it has calls. The contour permits all calls before one of them, and that one is refused: so an
 * operation is refused itself, and not because the calls that lead up to it are.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Case, lay, listOf, sections, slug, workplace } from "../sensor/case.ts";
import { type Outcome, supervise } from "../sensor/supervised.ts";

/** The first calls of a case. The contour has all but the last of them. */
export interface Attempt extends Case {
  /** The case that it is made of. */
  readonly of: string;
}

export interface Refused {
  /** What became of each attempt: `refused` with the operations that were off contour, `no act`, or else a description. */
  readonly became: ReadonlyMap<string, { readonly what: string; readonly operations: readonly string[] }>;
  readonly outcome: Outcome;
  /** Every file, its attributes, and whether it was written to: with the calls that the contour has, and with one more. */
  readonly before: string;
  readonly after: string;
}

/** The workload gets EPERM, or the error that the kernel makes of it. */
const REFUSED = /^\S+: errno (1|13|12|126)$/m;

export function attemptsOf(cases: readonly Case[]): readonly Attempt[] {
  return cases.flatMap((each) =>
    each.calls.flatMap((script, at) => {
      if (!script.some((word) => word === "call" || word === "int80")) return [];
      return [{ ...each, of: each.does, does: `${each.does} ${at + 1}`, calls: each.calls.slice(0, at + 1) }];
    }),
  );
}

export async function refuse(
  attempts: readonly Attempt[],
  compiled: string,
  sensor: "bpf" | "seccomp" = "bpf",
): Promise<Refused> {
  const directory = workplace();
  const probe = join(directory, "probe");
  const place = join(directory, "place");
  copyFileSync(compiled, probe);
  const list = join(directory, "list");
  const order = { command: [probe, "run", list], directory, sensor, within: ["env", "-C", place] } as const;
  layAnew(place, attempts, probe);
  writeFileSync(list, listOf(attempts.map((each) => ({ ...each, calls: each.calls.slice(0, -1) }))));
  const learning = await supervise(order);
  const before = describe(place);
  layAnew(place, attempts, probe);
  writeFileSync(list, listOf(attempts));
  const outcome = await supervise({ ...order, mode: "enforce", contour: learning.learnt });
  const [learnt, printed] = [sections(learning.stdout), sections(outcome.stdout)];
  const became = attempts.map(({ does }) => {
    const name = slug(does);
    const operations = outcome.report.departures
      .filter(({ event }) => outcome.programs.get(event.actor.task)?.startsWith(`${place}/${name}/`))
      .map(({ act }) => act.split(" ")[0] ?? "");
    return [does, { what: inWords(learnt.get(name), printed.get(name), operations), operations }] as const;
  });
  const after = describe(place);
  rmSync(directory, { recursive: true });
  return { became: new Map(became), outcome, before, after };
}

/** By what the workload printed when the last call was left out, and when it was made. */
function inWords(learnt = "nothing", printed = "nothing", operations: readonly string[]): string {
  const before = learnt.replace(/exit \d+\n$/, "");
  if (before === learnt || !printed.startsWith(before)) return `the calls before it: ${learnt}, then ${printed}`;
  const further = printed.slice(before.length);
  if (operations.length === 0) return "no act";
  return REFUSED.test(further) ? "refused" : `not refused: ${further}`;
}

/** The files as they are at first, last written to in the second after the epoch. */
function layAnew(place: string, attempts: readonly Attempt[], probe: string): void {
  rmSync(place, { recursive: true, force: true });
  lay(place, attempts, probe, undefined);
  execFileSync("find", [place, "-exec", "touch", "-h", "-d", "@1", "{}", "+"]);
}

function describe(place: string): string {
  const shown = "%P %y %m %U %G %n %s %T@ %l\\n";
  const files = execFileSync("find", [place, "-mindepth", "1", "-printf", shown], { encoding: "latin1" });
  return files
    .replace(/ (\d+\.\d{9,}) /g, (_, time: string) => (Number(time) === 1 ? " unwritten " : " written "))
    .split("\n")
    .sort()
    .join("\n");
}
