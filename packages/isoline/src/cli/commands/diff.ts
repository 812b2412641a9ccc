/** `isoline diff`: what one contour permits and another does not. Status 0 same, 1 different, 2 trouble, as diff(1). */
import { type Contour, diffContours, type Exchange, formatDiff } from "@isoline/core";
import { loadAnyContour } from "../../store/contour-file.ts";
import { status } from "../ending.ts";
import { paint, type Paint } from "../output/paint.ts";
import { printJson, printLine } from "../output/streams.ts";

export interface DiffOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function diff(a: string, b: string, { json, quiet }: DiffOptions): Promise<number> {
  const difference = diffContours(
    (await loadAnyContour(a)) as unknown as Contour<Exchange>,
    (await loadAnyContour(b)) as unknown as Contour<Exchange>,
  );
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
