/** The programs that led to a task, as readable names: `npm → sh → node`. */
import type { Digest } from "../digest.ts";
import { escapeText, isEscaped } from "../event/escape.ts";
import { taskPhrase } from "../identity/task.ts";
import type { LearntPoints } from "./nearest.ts";

const SHOWN = 6;
const MAX_NAME = 60;

/** The names from the first program of the namespace to a learnt task; empty for a task that is not learnt. */
export function lineageOf(id: Digest, learnt: LearntPoints): string[] {
  return learnt.taskChain(id).map(taskPhrase);
}

/** A chain of names on one line; the middle of a long chain is left out. Names may come from command lines and are not trusted. */
export function chainPhrase(chain: readonly string[]): string {
  const shown = chain.length <= SHOWN ? chain : [...chain.slice(0, 2), "…", ...chain.slice(-(SHOWN - 3))];
  return shown.map(nameSafely).join(" → ");
}

/** A name cut to a readable length, with everything escaped that could move a cursor or hide a letter. */
export function nameSafely(name: string): string {
  const words = name.slice(0, MAX_NAME).split(" ");
  return words.map((word) => (isEscaped(word) ? word : escapeText(word))).join(" ");
}
