/** What the scripts of a build write: shells and the tools that they call, with the interpreters of the project's own scripts. */
import type { ToolRule } from "../tools/rule.ts";

const SHELL = ["sh", "dash", "bash", "busybox"];
const FILE_TOOLS = ["cp", "mv", "rm", "install", "touch", "tee", "sed", "sort", "tar", "gzip", "cat"];

/** A second build finds what the first one has written. */
export function scripted(...interpreters: readonly string[]): readonly ToolRule[] {
  return [
    {
      kind: "output",
      in: "$CWD/**",
      by: [...interpreters, ...SHELL, ...FILE_TOOLS],
      why: "what a step of a build writes it finds there in the next build: to create, to replace and to remove it is one act",
    },
  ];
}
