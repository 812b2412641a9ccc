/**
 * Children of this process that it did not start: orphans of a workload, where this process is the first of a container or a subreaper,
 * and siblings that the first process has made of itself (CLONE_PARENT). Nothing else reaps them. Before Linux 6.11 a task gives up its
 * seccomp filters only when it is reaped, so the namespace would never end; on a later kernel they are left until this process ends.
 *
 * Node reaps the children that it has started, and gets their status by that. One of these, too, may have filters of its own. So a child
 * is taken for a stray only if it has waited for a while.
 */
import { childState, type EndedChild, endedUnderMore, filtersOf } from "@isoline/linux";

const PATIENCE_MS = 1000;
const MOST_CHILDREN = 10_000;

export class Strays {
  readonly #isExpected: (pid: number) => boolean;
  /** Before a workload is started, this process is under fewer filters than any task of it. */
  readonly #filters = filtersOf(process.pid);
  #later: NodeJS.Timeout | undefined;

  /** `isExpected` says which children something waits for. */
  constructor(isExpected: (pid: number) => boolean) {
    this.#isExpected = isExpected;
  }

  /** To be called when a child may have ended. */
  look(): void {
    if (this.#later !== undefined) return;
    const waiting = this.#ended();
    if (waiting.length === 0) return;
    this.#later = setTimeout(() => {
      this.#later = undefined;
      this.#reap(waiting);
      this.look();
    }, PATIENCE_MS).unref();
  }

  stop(): void {
    clearTimeout(this.#later);
  }

  #reap(waiting: readonly EndedChild[]): void {
    const startOf = new Map(waiting.map(({ pid, started }) => [pid, started]));
    for (const { pid, started } of this.#ended()) if (startOf.get(pid) === started) childState(pid);
  }

  #ended(): readonly EndedChild[] {
    if (this.#filters === undefined) return [];
    return endedUnderMore(this.#filters, MOST_CHILDREN).filter(({ pid }) => !this.#isExpected(pid));
  }
}
