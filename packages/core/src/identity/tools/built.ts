/**
 * The identity of a file that the workload has built: who wrote it, instead of what it contains.
 *
 *   built = SHA-256( text "isoline iso1 built" ‖ u32 count ‖ task identity of each maker, in ascending order )
 *
 * The task identities are those of the tasks that opened the file for writing, with the whole chain of programs behind each. So a
 * file that `ld` wrote for `cargo` is not one that `ld` wrote for `curl | sh`, and neither is one that `cp` wrote.
 */
import { type Digest, sha256 } from "../../digest.ts";
import { text, u32 } from "../hashed-text.ts";
import type { Image } from "../task.ts";

/** A task that wrote to a file. */
export interface Maker {
  readonly task: Digest;
  /** The levelled path of its program. */
  readonly program: string;
}

const DOMAIN = "isoline iso1 built";
/** No path of a file begins like this, and the lens leaves it alone. */
const MARK = "?built-by:";

/** What stands for the content of a file that these have written. */
export function builtBy(makers: readonly Maker[]): Digest {
  const tasks = [...new Set(makers.map(({ task }) => task))].sort();
  return sha256(Buffer.concat([text(DOMAIN), u32(tasks.length), ...tasks.map((task) => Buffer.from(task, "hex"))]));
}

/** One image for each program that has written to a file, so that a person can read who it was. */
export function marksOf(makers: readonly Maker[]): readonly Image[] {
  const programs = [...new Set(makers.map(({ program }) => program))].sort();
  const digest = builtBy(makers);
  return programs.map((program) => ({ path: `${MARK}${program}`, digest }));
}

/** Whether an image is a file, and not the mark of a maker. */
export function isFile(path: string): boolean {
  return !path.startsWith(MARK);
}
