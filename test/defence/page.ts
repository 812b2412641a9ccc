/** The page docs/defence.md, made of what came of the runs. */
import { incidents } from "./incidents.ts";
import { type Step, steps } from "./steps.ts";

/** What came of a step: how it was seen when watched, and what it was told when enforced. */
export interface Result {
  readonly seen: string | undefined;
  readonly told: string;
}

export interface Findings {
  readonly results: ReadonlyMap<string, Result>;
  /** Of the version with a file more. */
  readonly unpacking: Result;
}

const INTRODUCTION = `# Real defence

<!-- Made by \`npx vitest run test/defence -u\` from what came of the runs. Change test/defence, not this page. -->

Published attacks on packages, taken apart into steps and rebuilt without harm: with a temporary home and project, and with
a registry and an attacker on loopback. The contour was learnt once, from \`npm install && npm test\` of a project whose
dependency was clean, install script included. Then the registry offers the next version, which was taken over.

- \`isoline check\` holds nothing up: the attack succeeds, as it does without isoline, and each step is told.
- \`isoline check --enforce\` refuses each step. Afterwards nothing has reached the attacker or the registry, and home and
  project hold what they hold after a clean run.

The clean version goes through under both, on contour. Run it with \`npx vitest run test/defence\`; it needs a build and npm.

## Incidents

What happened, in our words, and which of the steps below it is made of. The first that leaves a trace is where
\`check\` tells of it, and where \`--enforce\` stops it. All of these brought a file or a package that was not there before;
an attack that only changes what is there gets further, so every step was tried on its own, and is refused on its own.

`;

const NOTES = `
## What this does not show

- Under the default lens a script is data to its interpreter: that its content has changed is not seen by itself, only what
  it does. The exact lens sees the content as well.
- What a process has in its own memory, or was given in its environment, it can read without asking the kernel: collecting
  the environment is no event. Sending it anywhere is.
- A step that the clean version takes too is on contour. npm connects to the registry, so if the *same program* connected
  there to steal, nobody could tell: it is off contour here because the install script is another one, with another chain.
- Whoever learns a contour from a version that was taken over has learnt the attack. A contour is reviewed like a lockfile.
`;

/** All of the page. */
export function page({ results, unpacking }: Findings): string {
  const of = (name: string): Result => (name === "unpack" ? unpacking : (results.get(name) as Result));
  const stories = incidents.map(({ name, date, source, story, steps: taken }) => {
    const first = taken.find((step) => of(step).seen !== undefined) ?? "nothing";
    return `| [${name}](${source}), ${date} | ${story} | ${taken.map((step) => (step === first ? `**${step}**` : step)).join(", ")} |`;
  });
  const rows = [
    row("unpack", "npm unpacks a file that the clean version has not", unpacking),
    ...steps.map((step) => row(step.name, step.does, of(step.name), step)),
  ];
  return [
    INTRODUCTION,
    "| incident | what happened | steps; the first that is told and stopped in bold |\n| --- | --- | --- |\n",
    `${stories.join("\n")}\n`,
    "\n## Steps\n\n| step | what it does | what `check` says | with `--enforce` |\n| --- | --- | --- | --- |\n",
    `${rows.join("\n")}\n`,
    NOTES,
  ].join("");
}

function row(name: string, does: string, { seen, told }: Result, step?: Step): string {
  const said = seen === undefined ? "nothing: there is no exchange" : seen.replaceAll("|", "\\|");
  return `| ${name} | ${does} | ${said} | ${outcome(told, step)} |`;
}

function outcome(told: string, step: Step | undefined): string {
  if (told === "done") return "done, and of no use";
  return told === "EPERM" || step?.needs === undefined ? "refused" : `not reached: needs *${step.needs}*`;
}
