/** The command to run: everything after the first `--`, byte for byte. */
import { escapeBytes } from "@isoline/core";
import { rawArguments } from "../../namespace/entry.ts";
import { usage } from "../refusal.ts";

/** `operands` is the number of arguments before the dashes, after the options. */
export function commandAfterDashes(argv: readonly string[], operands: readonly string[]): Uint8Array[] {
  const dashes = argv.indexOf("--");
  const said = `isoline ${argv[0]} ${operands.join(" ")}`.trim();
  if (dashes < 0) throw usage(`expected -- and the command to run at the end: ${said} -- COMMAND [ARGUMENT…]`);
  const count = argv.length - dashes - 1;
  if (count === 0) throw usage(`expected the command to run after --, got nothing: ${said} -- COMMAND [ARGUMENT…]`);
  return rawArguments(count);
}

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
