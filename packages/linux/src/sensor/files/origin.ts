/** The origin of an object that the launch sees under another path than the task. */
import { escapeBytes } from "@isoline/core/event";
import type { Origin } from "./found.ts";

/** What both paths end in is said once. Paths are raw bytes as Latin-1 text. */
export function originAt(path: string, shown: string): Origin {
  let rest = 0;
  for (let length = 1; length <= Math.min(path.length, shown.length); length++) {
    const at = path.length - length;
    if (path[at] !== shown[shown.length - length]) break;
    if (path[at] === "/" && (length > 1 || path === "/")) rest = length;
  }
  const directory = shown.slice(0, shown.length - rest);
  return { directory: directory === "/" ? "" : escapeBytes(Buffer.from(directory, "latin1")), rest };
}
