/** The whole terminal as a screen to draw on; its earlier state is restored at the end. */
import { ReadStream } from "node:tty";
import type { TerminalSize } from "@isoline/linux";
import { stripVTControlCharacters } from "node:util";
import { isTerminal, print } from "./streams.ts";

const STDIN = 0;
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";

export class Screen {
  open(): void {
    print(ENTER);
  }

  /** Draws lines from the top; lines that do not fit are left out. */
  draw(lines: readonly string[], size: TerminalSize | undefined): void {
    const { columns, rows } = size ?? { columns: 80, rows: 24 };
    const shown = lines.slice(0, rows).map((line) => `${cut(line, columns)}\x1b[K`);
    print(`\x1b[H${shown.join("\r\n")}\x1b[J`);
  }

  close(): void {
    print(LEAVE);
  }
}

/** Calls `listener` for each key that is pressed. The returned function stops this and restores the terminal. */
export function onKey(listener: (key: string) => void): () => void {
  if (!isTerminal(STDIN)) {
    // No keyboard: only a signal ends the command.
    return () => {};
  }
  const keys = new ReadStream(STDIN);
  keys.setRawMode(true);
  keys.on("data", (bytes: Buffer) => listener(bytes.toString("latin1")));
  return () => {
    keys.setRawMode(false);
    keys.destroy();
  };
}

/** A line that is too long loses its colours with its end, which is better than an incomplete escape sequence. */
function cut(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : plain.slice(0, columns);
}
