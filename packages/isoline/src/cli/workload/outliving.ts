/** What is said when the command has ended and processes of its namespace live on. */
import { grouped } from "../output/wording.ts";

/** Undefined where none is left: then the namespace is about to end, and there is nothing to say. */
export function outlivingText(processes: number): string | undefined {
  if (processes === 0) return undefined;
  const left =
    processes === 1
      ? "the process that it left behind has ended"
      : `the ${grouped(processes)} processes that it left behind have ended`;
  return `the command has ended; its namespace lives until ${left}`;
}
