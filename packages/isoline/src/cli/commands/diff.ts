/** `isoline diff`: what one contour does that another does not. 0 same, 1 different, 2 trouble, as diff(1). */
import { formatDiff } from "@isoline/core/contour";
import * as contours from "../../library/contours.ts";
import { status } from "../ending.ts";
import { paint, type Paint } from "../output/paint.ts";
import { printJson, printLine } from "../output/streams.ts";

export interface DiffOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function diff(a: string, b: string, { json, quiet }: DiffOptions): Promise<number> {
  const difference = contours.diff(await contours.read(a), await contours.read(b));
  if (json) printJson({ isoline: 1, a, b, ...difference });
  else if (!quiet && !difference.equal) {
    printLine(paint("bold", `--- ${a}`));
    printLine(paint("bold", `+++ ${b}`));
    for (const line of formatDiff(difference)) printLine(coloured(line));
  }
  return difference.equal ? status.success : status.different;
}

function coloured(line: string): string {
  const how: Paint | undefined = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : undefined;
  return how === undefined ? paint("yellow", line) : paint(how, line);
}
