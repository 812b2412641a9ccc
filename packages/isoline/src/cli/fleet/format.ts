/** The forms of output: `-o table|wide|json|yaml|name`. What JSON and YAML carry is the same text by text, in harmless letters. */
import { jsonText, plainLetters } from "../../store/json-text.ts";
import type { Listed } from "../../fleet/people.ts";
import { note, print, printJson, printLine } from "../output/streams.ts";
import { table } from "../output/table.ts";
import { grouped } from "../output/wording.ts";

export const formats = ["table", "wide", "json", "yaml", "name"] as const;
export type Format = (typeof formats)[number];

/** How things of one kind are shown. */
export interface View<T> {
  readonly heading: readonly string[];
  readonly wide: readonly string[];
  readonly cells: (item: T) => readonly string[];
  readonly wideCells: (item: T) => readonly string[];
  /** `node/web-1`: a name that another command takes. */
  readonly name: (item: T) => string;
}

/** Prints what was read of a list. Where there is more of it, that is said, and a document has it as `more`. */
export async function printListed<T>(format: Format, { items, isCut }: Listed<T>, view: View<T>): Promise<void> {
  await printList(format, items, view, isCut);
  if (isCut) note(`${grouped(items.length)} shown, and there are more: --limit shows more of them`);
}

/** Prints a list. */
export async function printList<T>(format: Format, items: readonly T[], view: View<T>, more = false): Promise<void> {
  if (format === "json" || format === "yaml") return printValue(format, { isoline: 1, items, more });
  for (const line of linesOf(format, items, view)) printLine(line);
}

/** Prints one value: as JSON, or as YAML. */
export async function printValue(format: "json" | "yaml", value: unknown): Promise<void> {
  if (format === "json") return printJson(value);
  const { stringify } = await import("yaml");
  // In quotes a letter can be escaped; names of members are ours, or of a form without such letters.
  print(
    plainLetters(
      stringify(JSON.parse(JSON.stringify(value)), {
        defaultStringType: "QUOTE_DOUBLE",
        defaultKeyType: "PLAIN",
        lineWidth: 0,
      }),
    ),
  );
}

/** Lines of a list as a table, or as names. */
export function linesOf<T>(format: Format, items: readonly T[], view: View<T>): string[] {
  if (format === "name") return items.map((item) => oneWord(view.name(item)));
  const isWide = format === "wide";
  const heading = isWide ? [...view.heading, ...view.wide] : view.heading;
  const rows = items.map((item) => (isWide ? [...view.cells(item), ...view.wideCells(item)] : view.cells(item)));
  return table(heading, rows);
}

/** For scripts: one word to a shell and to xargs. Escaped names are not taken by other commands. */
export const oneWord = (name: string): string =>
  jsonText(name)
    .slice(1, -1)
    .replace(/[\p{Z}']/gu, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
