/** What stands at the end of a help page. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** The exit statuses of a command that runs another one: docs/exit-codes.md. */
export const OF_THE_COMMAND =
  "that of the command; 2 the command line is wrong, 125 isoline failed, 126 or 127 the command could not be started";
