/** Tables in the style of docker: a plain heading, columns as wide as needed, no borders. */
import { stripVTControlCharacters } from "node:util";
import { paint } from "./paint.ts";
import { STDOUT } from "./streams.ts";

const GUTTER = "   ";

/** Lines of a table; the last column is not padded. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], fd: number = STDOUT): string[] {
  const widths = heading.map((title, at) => Math.max(title.length, ...rows.map((row) => visible(row[at] ?? ""))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell + " ".repeat(Math.max(0, (widths[at] ?? 0) - visible(cell))))
      .join(GUTTER)
      .trimEnd();
  return [paint("dim", line(heading), fd), ...rows.map(line)];
}

function visible(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
