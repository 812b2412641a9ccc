/** The page docs/sharpness.md, made from the results of the suite. */
import type { Deviation, Outcome } from "./deviation.ts";
import type { Chapter } from "./suite.ts";

export interface Row {
  readonly watched: Outcome;
  readonly enforced: Outcome;
}

const INTRODUCTION = `# Sharpness

<!-- Made by \`CI=1 npx vitest run test/sharp -u\` from the results of the suite. Change test/sharp, not this page. -->

A contour is worth as much as the smallest departure that it shows. This page has small departures for each class of operation.
A workload is learnt and then does one thing differently, first watched (\`isoline check\`), then enforced
(\`isoline check --enforce\`). The default lens is used unless the row names another, and an ordinary user runs the workload if an
ordinary user can. Each row is a test, which also asserts that nothing else was off contour.

- **message**: the line that \`check\` prints about it. \`check\` ends with status 3.
- **watched**: watching refuses nothing, so the call has its effect: *done*. *Tried*: the kernel itself refuses the call to an
  ordinary user, or it has no effect that the test could see.
- **enforced**: *refused* means that the call failed with \`EPERM\` and had no effect.

Rows that are **on contour** are here because a reader might expect otherwise.

Run it with \`CI=1 npx vitest run test/sharp\`. It needs a build and gcc. Rows that need root or a program that is not installed are
skipped by name.
`;

const RACES = `
## A thread that races the path

The sensor reads a path or an address from the memory of the task, and the kernel reads it again. If another thread changes it in
between, the verdict is about another object:
[what another thread can forge](guarantees/seccomp.md#what-another-thread-can-forge). A program with two threads, one of which
changes the argument without pause, tries this hundreds to thousands of times (\`CI=1 npx vitest run test/sharp/race\`):

| learnt | departure | watched | enforced, \`--no-landlock\` | enforced |
| --- | --- | --- | --- | --- |
| a regular file is opened | another one is opened, in a race | done; seen each time | none succeeds | none succeeds |
| a program is executed | another program is executed, in a race | done; seen sometimes, not each time | some tries succeed | none succeeds |
| a TCP port is connected to | another port is connected to, in a race | done, and seen each time | none succeeds: the supervisor connects | none succeeds |

No race succeeds on what the supervisor opens or connects itself. A thread chooses whether its call is about that. If the path leads
to a FIFO, or below \`/proc\` or \`/sys\`, when the supervisor looks, or the socket is a Unix socket then, the task makes the call
itself, and a race can be won ([all cases](guarantees/seccomp.md#when-the-task-makes-the-call-itself)).

With Landlock the kernel itself refuses files and TCP ports that no point of the contour permits to any task of the namespace. What
Landlock cannot cover is described in [the guarantees](guarantees/landlock.md).

## What changes while it runs

A verdict is remembered, so that a repeated event is cheap. It must not outlive the object that it was about. Each of these changes
between two identical acts makes the second act off contour (\`npx vitest run test/sharp/stale\`):

- a program, a library or the interpreter of a script is rewritten in place, with its size and the time of its last change restored;
- a program is replaced;
- the target of a link changes;
- a directory, or the working directory, is renamed;
- a file changes its mode or owner;
- under the exact lens, data is rewritten in place.
`;

/** The whole page. */
export function page(suite: readonly Chapter[], rows: ReadonlyMap<Deviation, Row>): string {
  const chapters = suite.map(({ title, deviations }) => {
    const lines = deviations.map((deviation) => line(deviation, rows.get(deviation) as Row));
    return `\n## ${title}\n\n| learnt | departure | message | watched | enforced |\n| --- | --- | --- | --- | --- |\n${lines.join("\n")}\n`;
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

/** Removes what differs from machine to machine, and escapes bars, which end a cell. */
function cell(said: string): string {
  return said
    .replace(/\b[0-9a-f]{12}…|@[0-9a-f]{64}/g, (digest) => (digest.startsWith("@") ? "@…" : "…"))
    .replace(/\bpython3\.\d+/g, "python3")
    .replaceAll("|", "\\|");
}
