/** Runs cases under a contour that permits their programs to be executed, and nothing that they do. */
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Case, lay, listOf, sections, workplace } from "../sensor/case.ts";
import { type Outcome, supervise } from "../sensor/supervised.ts";

export interface Refused {
  readonly output: ReadonlyMap<string, string>;
  readonly outcome: Outcome;
  /** Every file, its attributes and its content: before and after. */
  readonly before: string;
  readonly after: string;
}

export async function refuseCases(cases: readonly Case[], compiled: string): Promise<Refused> {
  const directory = workplace();
  const probe = join(directory, "probe");
  const place = join(directory, "place");
  copyFileSync(compiled, probe);
  lay(place, cases, probe, undefined);
  const list = join(directory, "list");
  const order = { command: [probe, "run", list], directory: place, sensor: "bpf" } as const;
  writeFileSync(list, listOf(cases.map((each) => ({ ...each, calls: [] }))));
  const { learnt } = await supervise(order);
  const before = describe(place);
  writeFileSync(list, listOf(cases));
  const outcome = await supervise({ ...order, mode: "enforce", contour: learnt });
  return { output: sections(outcome.stdout), outcome, before, after: describe(place) };
}

/** The files that the run itself writes are left out. */
function describe(place: string): string {
  const shown = "%P %y %m %U %G %n %s %T@ %l\\n";
  const mine = ["-name", "run-*", "-prune", "-o"];
  const files = execFileSync("find", [place, "-mindepth", "1", ...mine, "-printf", shown], { encoding: "latin1" });
  return files.split("\n").sort().join("\n");
}
