/** `isoline diff`: what one contour does that another does not. 0 same, 1 different, 2 trouble, as diff(1). */
import { basename } from "node:path";
import { type ContourDiff, formatDiff } from "@isoline/core/contour";
import { consequenceOfAct } from "@isoline/core/engine";
import * as contours from "../../library/contours.ts";
import { status } from "../ending.ts";
import { paint, type Paint } from "../output/paint.ts";
import { printJson, printLine } from "../output/streams.ts";
import { counted, grouped, harmless } from "../output/wording.ts";

export interface DiffOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly html?: string;
}

export async function diff(a: string, b: string, { json, quiet, html }: DiffOptions): Promise<number> {
  const difference = contours.diff(await contours.read(a), await contours.read(b));
  if (html !== undefined) await writeMap(html, a, b, difference);
  else if (json) printJson({ isoline: 1, a, b, ...difference });
  else if (!quiet && !difference.equal) {
    printLine(paint("bold", `--- ${harmless(a)}`));
    printLine(paint("bold", `+++ ${harmless(b)}`));
    for (const line of formatDiff(difference, rankOf)) printLine(coloured(line));
  }
  return difference.equal ? status.success : status.different;
}

/** The gravest acts come first, and what every start loads comes last. */
const rankOf = (act: string) => consequenceOfAct(act)?.rank ?? 0;

async function writeMap(html: string, a: string, b: string, difference: ContourDiff): Promise<void> {
  const { mapOfDiff } = await import("../html/map.ts");
  const { writePage } = await import("../html/write.ts");
  const { same, carried, onlyA, onlyB, rules } = difference;
  const facts = [
    ...(rules === undefined
      ? []
      : [`${counted(rules.onlyB.length, "rule")} added`, `${counted(rules.onlyA.length, "rule")} removed`]),
    `${counted(onlyB.length, "act")} added`,
    `${grouped(onlyA.length)} removed`,
    `${grouped(same)} the same`,
    ...(carried > 0 ? [`${grouped(carried)} of programs whose identity changed`] : []),
  ];
  writePage(html, mapOfDiff(`${basename(a)} → ${basename(b)}`, facts, difference));
}

function coloured(line: string): string {
  const how: Paint | undefined = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : undefined;
  return how === undefined ? paint("yellow", line) : paint(how, line);
}
