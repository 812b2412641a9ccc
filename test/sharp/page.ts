/** The page docs/sharpness.md, made of what came of a run of the suite. */
import type { Deviation, Outcome } from "./deviation.ts";
import type { Chapter } from "./suite.ts";

export interface Row {
  readonly watched: Outcome;
  readonly enforced: Outcome;
}

const INTRODUCTION = `# Sharpness

<!-- Made by \`npx vitest run test/sharp -u\` from what came of the suite. Change test/sharp, not this page. -->

A contour is worth as much as the smallest departure that it shows. For each class of operation there is one here: a
workload is learnt, then does one thing otherwise, first watched (\`isoline check\`), then enforced
(\`isoline check --enforce\`). Everything is under the default lens if nothing else is said, and done by an ordinary user
where an ordinary user can. Each row is a test, which also holds that nothing else was off contour.

- **what is said**: the line that \`check\` prints about it. It ends with status 3.
- **watched**: watching holds nothing up, so its effect is there: *done*. *Tried* where the kernel itself lets an ordinary
  user, or this arrangement, have no effect to look for.
- **enforced**: *refused* means that the call failed with \`EPERM\`, and that the effect is not there.

Rows that are **on contour** are here because a reader might expect otherwise.

Run it with \`npx vitest run test/sharp\`. It needs a build and gcc; rows that need root or a program that is not there are
skipped by name.
`;

const RACES = `
## A thread that races the path

The sensor reads a path or an address out of the memory of the task, and the kernel reads it again. A thread that changes it
in between has the verdict spoken about something else: [what another thread can forge](guarantees/seccomp.md#what-another-thread-can-forge). A program of two
threads, one of which flips the argument without pause, tries it thousands of times (\`npx vitest run test/sharp/race\`):

| learnt | otherwise | watched | enforced, \`--no-landlock\` | enforced |
| --- | --- | --- | --- | --- |
| a file is opened | another one is, in a race | done; seen each time | none succeeds | none succeeds |
| a program is executed | another one is, in a race | done; seen now and then, not each time | some tries succeed | none succeeds |
| a TCP port is connected to | another one is, in a race | done, and seen each time | none succeeds: the supervisor connects | none succeeds |

With Landlock the kernel itself refuses what no point of the contour permits to anyone in the namespace; what it cannot
cover stands in [the guarantees](guarantees/landlock.md).

## What changes while it runs

A verdict is remembered, so that what is repeated costs little, and it must not outlive what it was about. Between two times
that a workload does the same, each of these makes the second one off contour (\`npx vitest run test/sharp/stale\`): a program,
a library or the interpreter of a script is rewritten in place, with its size and the time of its last change put back; a
program is replaced; a link leads elsewhere; a directory, or the working directory, is renamed; a file changes its mode or
owner; and under the exact lens, data is rewritten in place.
`;

/** All of the page. */
export function page(suite: readonly Chapter[], rows: ReadonlyMap<Deviation, Row>): string {
  const chapters = suite.map(({ title, deviations }) => {
    const lines = deviations.map((deviation) => line(deviation, rows.get(deviation) as Row));
    return `\n## ${title}\n\n| learnt | otherwise | what is said | watched | enforced |\n| --- | --- | --- | --- | --- |\n${lines.join("\n")}\n`;
  });
  return `${INTRODUCTION}${chapters.join("")}${RACES}`;
}

function line(deviation: Deviation, { watched, enforced }: Row): string {
  const { learnt, departs, because, acts } = deviation;
  const said = acts.length === 0 ? `**on contour**: ${because}` : cell(watched.said ?? "");
  return `| ${learnt} | ${departs} | ${said} | ${watching(watched)} | ${acts.length > 0 ? "refused" : enforced.happened ? "done" : "not done"} |`;
}

function watching({ happened }: Outcome): string {
  if (happened === undefined) return "tried";
  return happened ? "done" : "refused, always";
}

/** What differs from machine to machine is left out; a bar would end the cell. */
function cell(said: string): string {
  return said
    .replace(/\b[0-9a-f]{12}…|@[0-9a-f]{64}/g, (digest) => (digest.startsWith("@") ? "@…" : "…"))
    .replace(/\bpython3\.\d+/g, "python3")
    .replaceAll("|", "\\|");
}
