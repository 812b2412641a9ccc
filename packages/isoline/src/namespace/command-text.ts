/** A command line for display. */
import { escapeBytes } from "@isoline/core/event";

/** One argument for display: safe on a terminal, with spaces unchanged. */
export function argumentText(argument: Uint8Array): string {
  return escapeBytes(argument).replaceAll("\\x20", " ");
}

/** A command line for display, quoted as for a shell. */
export function commandText(command: readonly Uint8Array[]): string {
  return command.map((argument) => quoted(argumentText(argument))).join(" ");
}

function quoted(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
