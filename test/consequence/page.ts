/** The page docs/consequences.md, made from the table of consequences and from the techniques. */
import { type ConsequenceRule, consequenceRules, consequences } from "@isoline/core/engine";
import { techniques } from "./techniques.ts";

const INTRODUCTION = `# Consequences

<!-- Made by \`npx vitest run test/consequence -u\` from packages/core/src/engine/consequence. Change the table there, not this page. -->

A departure is a departure, whatever it does: the verdict depends on nothing here. But a reader has time for a few lines. So each act has
a consequence, which says what could follow if the act was not wanted, and isoline shows the gravest first: on the console of \`check\`
and \`run\`, in \`show\`, \`diff\` and \`query\`. Reports list every departure in the order in which they happened, with its \`consequence\`.

What is told together is one line:

- Acts of one program on one file or address are one line, which names the others (\`also: map\`).
- The exec of an installed program has no line of its own where that program has lines: they name it, and how it came to run.
- What a program that is not on the contour loads when it starts is one line for all programs, \`loaded what every program loads\`,
  with a number. A write, or an act that was refused, is never among them. It counts as usual only where root owns the file, no other
  user may write to it, and it lies where the loader looks by itself; and only while the contour has no other content for it. A library
  in any other place is execution.

Each consequence has lines of its own: a workload that departs a thousand times in one way cannot use up those of another. What is
not shown is counted by consequence.

## The table

The first rule that fits decides. Names without a slash in front are found in every directory. A place holds everything below it.

`;

const TECHNIQUES = `
## What the console says first

Techniques of attackers on Linux, after the public descriptions of [MITRE ATT&CK](https://attack.mitre.org/), each as one harmless
command under \`isoline check\`, with a contour of \`sh -c true\`. The first line that isoline prints says what the last column says, whatever
else the command did. Run \`npx vitest run test/consequence\`. The steps of [real defence](defence.md) are tested in the same way.

| technique | command | the first line |
| --- | --- | --- |
`;

export function page(): string {
  return [INTRODUCTION, ...consequences.map(part), TECHNIQUES, ...techniques.map(row)].join("");
}

function part(consequence: string): string {
  const rules = consequenceRules.filter((rule) => rule.consequence === consequence);
  if (consequence === "start-up")
    return `### ${consequence}\n\nWhat almost every program loads when it starts, as said above.\n`;
  return `### ${consequence}\n\n${rules.map(ruleText).join("\n")}\n\n`;
}

function ruleText({ because, minor, operations, changes, touches, except }: ConsequenceRule): string {
  const lines = [
    ...listed("operations", operations),
    ...listed("changing", changes),
    ...listed("at", touches),
    ...listed("except", except),
  ];
  const said = `${because[0]?.toUpperCase()}${because.slice(1)}${minor ? " (after the others)" : ""}.`;
  return lines.length === 0 ? `- ${said}` : `- ${said}\n\n  \`\`\`\n${lines.join("\n")}\n  \`\`\``;
}

const WIDTH = 118;
const COLUMN = 11;

function listed(heading: string, words: readonly string[] | undefined): string[] {
  if (words === undefined) return [];
  const lines = [""];
  for (const word of words) {
    const last = lines.at(-1) ?? "";
    if (last.length + word.length > WIDTH - COLUMN) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`.trimStart();
  }
  return lines.map((line, at) => `  ${(at === 0 ? heading : "").padEnd(COLUMN)}${line}`);
}

function row({ id, name, script, by, did }: (typeof techniques)[number]): string {
  const says = did.replaceAll("\\S*", "…").replaceAll("\\S+", "…").replaceAll(".*", "… ").replaceAll("\\", "");
  const line = by === "" ? says : `\`${by}\` ${says}`;
  return `| ${id} ${name} | \`${script.replaceAll("|", "\\|").replaceAll("`", "")}\` | ${line.replaceAll("|", " or ")} |\n`;
}
