/** The text of a systemd unit as systemd reads it (systemd.syntax(7)): sections, assignments, comments, lines that go on. */
import { CliError } from "../error.ts";

export interface Assignment {
  readonly section: string;
  readonly name: string;
  /** Without space around it; a line that goes on is one value, with a space where it was broken. */
  readonly value: string;
  /** The file that has it. */
  readonly file: string;
}

/** Assignments in their order. Refuses with `unfit-unit` text that is not UTF-8, or a line that is no assignment. */
export function assignmentsIn(bytes: Uint8Array, file: string): readonly Assignment[] {
  const found: Assignment[] = [];
  let section = "";
  for (const line of wholeLines(textOf(bytes, file))) {
    const header = /^\[([^\]]*)\]$/.exec(line);
    if (header !== null) {
      section = header[1] ?? "";
      continue;
    }
    const equals = line.indexOf("=");
    if (equals < 1 || section === "")
      throw new CliError(
        "unfit-unit",
        `${file}: expected NAME=VALUE in a section, got ${JSON.stringify(line.slice(0, 60))}; systemd-analyze verify says more`,
      );
    found.push({ section, name: line.slice(0, equals).trim(), value: line.slice(equals + 1).trim(), file });
  }
  return found;
}

function textOf(bytes: Uint8Array, file: string): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Said below.
  }
  throw new CliError("unfit-unit", `${file}: expected text in UTF-8 without zero bytes; systemd reads nothing else`);
}

/** Lines without comments. A comment between the parts of a line that goes on is no part of it. */
function wholeLines(text: string): string[] {
  const lines: string[] = [];
  let begun = "";
  for (const line of text.split(/\r?\n/)) {
    const part = line.trimStart();
    if (part.startsWith("#") || part.startsWith(";")) continue;
    const backslashes = /\\*$/.exec(part)?.[0].length ?? 0;
    if (backslashes % 2 === 1) {
      begun += `${part.slice(0, -1)} `;
      continue;
    }
    lines.push((begun + part).trim());
    begun = "";
  }
  return [...lines, begun.trim()].filter((line) => line !== "");
}
