/**
 * How a task came about, as names a person knows: `npm → sh → node`.
 */
import { type Digest, ZERO_DIGEST } from "../digest.ts";
import { escapeText, isEscaped } from "../event/escape.ts";
import { programName, type Task } from "../identity/task.ts";

const MAX_DEPTH = 32;
const SHOWN = 6;
const MAX_NAME = 60;

/** The names from the first program of the namespace to this task, as far as the tasks between are known. */
export function lineageOf(id: Digest, taskOf: (id: Digest) => Task | undefined): string[] {
  const names: string[] = [];
  for (let at = id; at !== ZERO_DIGEST && names.length < MAX_DEPTH; ) {
    const task = taskOf(at);
    if (task === undefined) break;
    names.unshift(programName(task));
    at = task.parent;
  }
  return names;
}

/** A chain of names on one line; of a long one the middle is left out. Names may come from command lines: not trusted. */
export function chainPhrase(chain: readonly string[]): string {
  const shown = chain.length <= SHOWN ? chain : [...chain.slice(0, 2), "…", ...chain.slice(-(SHOWN - 3))];
  return shown.map(nameSafely).join(" → ");
}

/** A name cut to a readable length, with everything escaped that could move a cursor or hide a letter. */
export function nameSafely(name: string): string {
  const words = name.slice(0, MAX_NAME).split(" ");
  return words.map((word) => (isEscaped(word) ? word : escapeText(word))).join(" ");
}
