/**
 * The tasks of a contour: every task beside its parent, so that a task identity can be read as a chain of programs.
 */
import { type Digest, isDigest, ZERO_DIGEST } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { isEscaped } from "../event/escape.ts";
import { MAX_LIST } from "../event/soundness.ts";
import { type Task, taskLabel } from "../identity/task.ts";
import { AS, RUNS } from "./file-layout.ts";
import { handlesOf } from "./handle.ts";
import { compareText } from "./line-text.ts";

/** A `#!` chain is at most five deep and ends in one ELF interpreter. */
const MAX_IMAGES = 16;
/** PATH_MAX with every byte escaped. */
const MAX_PATH = 4 * 4096;

export class TaskTable {
  readonly #isSound: (task: Task) => boolean;
  readonly #tasks = new Map<Digest, Task>();

  /** `isSound` tells whether a task's id is the one derived from its images. */
  constructor(isSound: (task: Task) => boolean) {
    this.#isSound = isSound;
  }

  get size(): number {
    return this.#tasks.size;
  }

  get(id: Digest): Task | undefined {
    return this.#tasks.get(id);
  }

  values(): IterableIterator<Task> {
    return this.#tasks.values();
  }

  /** Adds a task whose parent has been added. A task that exists already does not change. */
  define(task: Task): void {
    if (this.#tasks.has(task.id)) return;
    if (!isDigest(task.id) || task.id === ZERO_DIGEST)
      throw badTask(task, "its id is not a SHA-256 digest, or it is the digest of zeros");
    if (task.parent !== ZERO_DIGEST && !this.#tasks.has(task.parent)) throw badTask(task, "define its parent first");
    if (task.images.length > MAX_IMAGES)
      throw badTask(task, `${task.images.length} images, at most ${MAX_IMAGES} are allowed`);
    for (const { path, digest } of task.images) {
      if (path.length > MAX_PATH)
        throw badTask(task, `a path of ${path.length} characters, at most ${MAX_PATH} are allowed`);
      if (path.startsWith(AS) || path.startsWith(RUNS)) throw badTask(task, "a path that reads like another word");
      if (!isEscaped(path)) throw badTask(task, `the path ${JSON.stringify(path.slice(0, 80))} is not escaped`);
      if (digest !== undefined && !isDigest(digest)) throw badTask(task, `${path} has no SHA-256 digest`);
    }
    this.#assertCall(task);
    if (!this.#isSound(task))
      throw badTask(task, "its id does not follow from its parent, its images and how it was called");
    this.#tasks.set(task.id, task);
  }

  #assertCall(task: Task): void {
    const { as, runs } = task;
    if (as !== undefined && (as.length > MAX_PATH || !isEscaped(as))) throw badTask(task, "its name is not escaped");
    if (runs === undefined) return;
    if (runs.length === 0 || runs.length > MAX_LIST)
      throw badTask(task, `it is given ${runs.length} things to run, expected 1 to ${MAX_LIST}`);
    for (const run of runs)
      if (run === "" || run.length > MAX_PATH + 80 || !isEscaped(run))
        throw badTask(task, `what it runs, ${JSON.stringify(run.slice(0, 80))}, is not escaped`);
  }

  /** The tasks from the first program of the namespace to this one. */
  chain(id: Digest): readonly Task[] {
    const chain: Task[] = [];
    for (let task = this.#tasks.get(id); task; task = this.#tasks.get(task.parent)) chain.push(task);
    return chain.reverse();
  }

  /** Every task after its parent and directly before its children; siblings by path, then by id. */
  *inOrder(): Generator<Task> {
    const children = new Map<Digest, Task[]>();
    for (const task of this.#tasks.values()) {
      const siblings = children.get(task.parent);
      if (siblings) siblings.push(task);
      else children.set(task.parent, [task]);
    }
    const pending = descending(children.get(ZERO_DIGEST));
    for (let task = pending.pop(); task; task = pending.pop()) {
      yield task;
      // One by one: a program may have more children than a call may have arguments.
      for (const child of descending(children.get(task.id))) pending.push(child);
    }
  }

  /** A short readable name for each task, by id. */
  handles(): Map<Digest, string> {
    return handlesOf([...this.#tasks.values()].map((task) => ({ name: taskLabel(task), id: task.id })));
  }
}

/** The order of siblings. */
function compareSiblings(a: Task, b: Task): number {
  return compareText(a.images[0].path, b.images[0].path) || compareText(a.id, b.id);
}

function descending(tasks: readonly Task[] = []): Task[] {
  return [...tasks].sort((a, b) => compareSiblings(b, a));
}

function badTask(task: Task, why: string): IsolineError {
  return new IsolineError("bad-event", `not a task: ${why}; the id is ${String(task.id).slice(0, 64)}`);
}
