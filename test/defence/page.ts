/** The page docs/defence.md, made from the results of the runs. */
import { incidents } from "./incidents.ts";
import { type Step, steps } from "./steps.ts";

/** The result of a step: its event when watched, and the error that it got when enforced. */
export interface Result {
  readonly seen: string | undefined;
  readonly told: string;
}

export interface Findings {
  readonly results: ReadonlyMap<string, Result>;
  /** The result of the version with an added file. */
  readonly unpacking: Result;
}

const INTRODUCTION = `# Real defence

<!-- Made by \`npx vitest run test/defence -u\` from the results. Change test/defence, not this page. -->

Published attacks on packages, divided into steps and rebuilt without harm: with a temporary home and project, and with
a registry and an attacker on loopback. The contour was learnt once, from \`npm install && npm test\` of a project whose
dependency was clean, install script included. Then the registry offers the next version, which is compromised.

- \`isoline check\` refuses nothing: the attack succeeds, as it does without isoline, and each step is reported.
- \`isoline check --enforce\` refuses each step. Afterwards nothing has reached the attacker or the registry, and home and
  project contain what they contain after a clean run.

The clean version succeeds under both, on contour. Run the tests with \`npx vitest run test/defence\`; it needs a build and npm.

## Incidents

The incidents, in our words, and the steps below that they consist of. \`check\` reports an incident at its first step that is an
event, and \`--enforce\` stops it there. All of these incidents added a file or a package. An attack that only changes existing
files gets further, so every step was also tried on its own, and is refused on its own.

`;

const NOTES = `
## What this does not show

- Under the default lens a script is data to its interpreter: a change of its content is not an event, only its acts are.
  The exact lens includes the content.
- A process can read its own memory and its environment without a system call: collecting the environment is no event.
  Sending it anywhere is.
- A step that the clean version takes too is on contour. npm connects to the registry, so a connection of the *same program*
  to steal data could not be told apart. It is off contour here because the install script is another task, with another chain.
- A contour learnt from a compromised version contains the attack. Review a contour like a lockfile.
`;

/** The whole page. */
export function page({ results, unpacking }: Findings): string {
  const of = (name: string): Result => (name === "unpack" ? unpacking : (results.get(name) as Result));
  const stories = incidents.map(({ name, date, source, story, steps: taken }) => {
    const first = taken.find((step) => of(step).seen !== undefined) ?? "nothing";
    return `| [${name}](${source}), ${date} | ${story} | ${taken.map((step) => (step === first ? `**${step}**` : step)).join(", ")} |`;
  });
  const rows = [
    row("unpack", "npm unpacks a file that the clean version does not contain", unpacking),
    ...steps.map((step) => row(step.name, step.does, of(step.name), step)),
  ];
  return [
    INTRODUCTION,
    "| incident | what happened | steps; the first that is reported and stopped in bold |\n| --- | --- | --- |\n",
    `${stories.join("\n")}\n`,
    "\n## Steps\n\n| step | what it does | what `check` says | with `--enforce` |\n| --- | --- | --- | --- |\n",
    `${rows.join("\n")}\n`,
    NOTES,
  ].join("");
}

function row(name: string, does: string, { seen, told }: Result, step?: Step): string {
  const said = seen === undefined ? "nothing: it is no event" : seen.replaceAll("|", "\\|");
  return `| ${name} | ${does} | ${said} | ${outcome(told, step)} |`;
}

function outcome(told: string, step: Step | undefined): string {
  if (told === "done") return "done, without effect";
  return told === "EPERM" || step?.needs === undefined ? "refused" : `not reached: needs *${step.needs}*`;
}
