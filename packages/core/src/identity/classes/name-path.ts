/** The programs that led to a task, by name alone, as rules write them: `sh>make>cc1`. */
import { type Digest, ZERO_DIGEST } from "../../digest.ts";
import { type Task, taskLabel } from "../task.ts";

const NO_PROGRAM = "-";

/** `chain`: from the first program of the namespace to the task itself. */
export function namePath(chain: readonly Task[]): string {
  return chain.length === 0 ? NO_PROGRAM : chain.map(taskLabel).join(">");
}

/** Letters of the paths that are remembered; a workload may have ever new tasks. */
const MOST_LETTERS = 4 * 2 ** 20;
/** No rule can have it. */
const UNKNOWN = "";

/** The same for tasks that are looked up one by one. */
export class NamePaths {
  readonly #lineOf: (id: Digest) => readonly Task[];
  readonly #known = new Map<Digest, string>();
  #letters = 0;

  /** `lineOf` finds the tasks from the first program of the namespace to one; none if they are not all known. */
  constructor(lineOf: (id: Digest) => readonly Task[]) {
    this.#lineOf = lineOf;
  }

  of(id: Digest): string {
    if (id === ZERO_DIGEST) return NO_PROGRAM;
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const chain = this.#lineOf(id);
    if (chain.length === 0) return UNKNOWN;
    const path = namePath(chain);
    this.#letters += id.length + path.length;
    if (this.#letters > MOST_LETTERS) {
      this.#known.clear();
      this.#letters = id.length + path.length;
    }
    this.#known.set(id, path);
    return path;
  }
}
