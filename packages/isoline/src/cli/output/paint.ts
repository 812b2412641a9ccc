/** Colour on terminals. */
import { styleText } from "node:util";
import { isTerminal, STDOUT } from "./streams.ts";

export type Paint = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours text for a stream, unless it is not a terminal, NO_COLOR is set (no-color.org), or the terminal is dumb. */
export function paint(how: Paint, text: string, fd: number = STDOUT): string {
  return isColourful(fd) ? styleText(how, text, { validateStream: false }) : text;
}

function isColourful(fd: number): boolean {
  if (process.env["NO_COLOR"] || process.env["TERM"] === "dumb") return false;
  return isTerminal(fd);
}
