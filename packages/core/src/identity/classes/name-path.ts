/** The programs that led to a task, by name alone, as rules write them: `sh>make>cc1`. */
import type { Digest } from "../../digest.ts";
import { type Task, taskLabel } from "../task.ts";

const NO_PROGRAM = "-";

/** `chain`: from the first program of the namespace to the task itself. */
export function namePath(chain: readonly Task[]): string {
  return chain.length === 0 ? NO_PROGRAM : chain.map(taskLabel).join(">");
}

/** The same for tasks that are looked up one by one, each found once. */
export class NamePaths {
  readonly #find: (id: Digest) => Task | undefined;
  readonly #known = new Map<Digest, string>();

  constructor(find: (id: Digest) => Task | undefined) {
    this.#find = find;
  }

  of(id: Digest): string {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const chain: Task[] = [];
    for (let task = this.#find(id); task !== undefined; task = this.#find(task.parent)) chain.unshift(task);
    const path = namePath(chain);
    if (chain.length > 0) this.#known.set(id, path);
    return path;
  }
}
