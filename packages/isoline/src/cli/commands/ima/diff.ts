/** `isoline ima diff`: what one list measured and another did not. Status 0 same, 1 different, 2 trouble, as diff(1). */
import { diffLists, type ListDifference } from "../../../integrity/list/diff.ts";
import { status } from "../../ending.ts";
import { paint } from "../../output/paint.ts";
import { printJson, printLine } from "../../output/streams.ts";
import { harmless, harmlessWhole } from "../../output/wording.ts";
import { readList } from "./list-file.ts";

export interface ImaDiffOptions {
  readonly strip?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export async function diff(a: string, b: string, { strip, quiet, json }: ImaDiffOptions): Promise<number> {
  const difference = diffLists(readList(a), readList(b), strip);
  if (json) printJson({ isoline: 1, a, b, ...difference });
  else if (!quiet && !difference.equal) for (const line of lines(a, b, difference)) printLine(line);
  return difference.equal ? status.success : status.different;
}

function lines(a: string, b: string, { onlyA, onlyB, changed, opaque }: ListDifference): readonly string[] {
  const minus = (name: string, digest: string) => paint("red", `- ${digest}  ${harmlessWhole(name)}`);
  const plus = (name: string, digest: string) => paint("green", `+ ${digest}  ${harmlessWhole(name)}`);
  return [
    paint("bold", `--- ${harmless(a)}`),
    paint("bold", `+++ ${harmless(b)}`),
    ...changed.flatMap(({ name, a: gone, b: come }) => [
      ...gone.map((digest) => minus(name, digest)),
      ...come.map((digest) => plus(name, digest)),
    ]),
    ...onlyA.flatMap(({ name, digests }) => digests.map((digest) => minus(name, digest))),
    ...onlyB.flatMap(({ name, digests }) => digests.map((digest) => plus(name, digest))),
    ...(opaque[0] + opaque[1] > 0
      ? [
          paint(
            "yellow",
            `? entries of unknown templates cannot be compared: ${opaque[0]} in the first, ${opaque[1]} in the second`,
          ),
        ]
      : []),
  ];
}
