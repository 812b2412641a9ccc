/**
 * The tasks that identities stand for. A workload whose acts go ahead off contour may become ever new ones. Of those that are not on the
 * contour the last are kept, and those of living processes with what led to them. One that is forgotten is unknown.
 *
 *   noted → recent ─ full ─→ earlier ─ full again ─→ forgotten
 *             └── of a living process ──→ recent
 */
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import type { Task } from "@isoline/core/identity";
import type { ActingProcess } from "./acting.ts";

/** Of each of the two, roughly. */
const MOST_BYTES = 16 * 2 ** 20;
/** What a task takes beside its texts. */
const TASK_BYTES = 512;
/** A longer line of programs is not added to a contour, and is not told. */
const LONGEST_LINE = 1024;

interface KnownTasksOptions {
  readonly onContour: (id: Digest) => Task | undefined;
  readonly living: () => Iterable<Pick<ActingProcess, "identity">>;
  readonly mostBytes?: number;
}

export class KnownTasks {
  readonly #onContour: KnownTasksOptions["onContour"];
  readonly #living: KnownTasksOptions["living"];
  readonly #mostBytes: number;
  readonly #lasting = new Map<Digest, Task>();
  #recent = new Map<Digest, Task>();
  #earlier: ReadonlyMap<Digest, Task> = new Map();
  #bytes = 0;
  #room: number;

  constructor({ onContour, living, mostBytes = MOST_BYTES }: KnownTasksOptions) {
    this.#onContour = onContour;
    this.#living = living;
    this.#mostBytes = mostBytes;
    this.#room = mostBytes;
  }

  get(id: Digest): Task | undefined {
    return this.#recent.get(id) ?? this.#earlier.get(id) ?? this.#lasting.get(id) ?? this.#onContour(id);
  }

  /** For good. */
  keep(task: Task): void {
    this.#lasting.set(task.id, task);
  }

  note(task: Task): void {
    const { id } = task;
    if (this.#recent.has(id) || this.#lasting.has(id) || this.#onContour(id) !== undefined) return;
    this.#add(task);
    if (this.#bytes > this.#room) this.#makeRoom();
  }

  /** The tasks from the first program to this one; none if one of them is unknown, or if they are too many. */
  lineOf(id: Digest): readonly Task[] {
    const line: Task[] = [];
    for (let at = id; at !== ZERO_DIGEST; ) {
      const task = this.get(at);
      if (task === undefined || line.length === LONGEST_LINE) return [];
      line.push(task);
      at = task.parent;
    }
    return line.reverse();
  }

  /** A process that lives never becomes one of an unknown task; of what led to it, as much is kept as there is room for. */
  #makeRoom(): void {
    const before = this.#recent;
    const passing = (id: Digest): Task | undefined => before.get(id) ?? this.#earlier.get(id);
    this.#recent = new Map();
    this.#bytes = 0;
    const living = [...this.#living()].flatMap(({ identity }) => passing(identity.id) ?? []);
    for (const task of new Set(living)) this.#add(task);
    for (const task of living) {
      let above = passing(task.parent);
      // From one that is there already, another process's line goes on.
      while (above && !this.#recent.has(above.id) && this.#bytes < this.#mostBytes / 2) {
        this.#add(above);
        above = passing(above.parent);
      }
    }
    this.#earlier = before;
    this.#room = Math.max(this.#mostBytes, this.#bytes * 2);
  }

  #add(task: Task): void {
    this.#recent.set(task.id, task);
    this.#bytes += bytesOf(task);
  }
}

function bytesOf({ images, as = "", runs = [] }: Task): number {
  const texts = [as, ...runs, ...images.map(({ path, digest = "" }) => path + digest)];
  return texts.reduce((sum, text) => sum + text.length, TASK_BYTES);
}
