/** What the rules of a policy about tools need to know of a task: its names, and whether it is a maker. */
import { type MakerRule, type Policy, ProgramNames, type Task, toolNames } from "@isoline/core/identity";
import type { Identity } from "./acting.ts";
import type { Writing } from "./files/makings.ts";
import type { KnownTasks } from "./known-tasks.ts";

export class Tools {
  readonly #isEmpty: boolean;
  readonly #makers: ProgramNames | undefined;
  readonly #finishers: ProgramNames | undefined;
  readonly #names = new WeakMap<Task, readonly string[]>();

  readonly #tasks: Pick<KnownTasks, "get">;

  /** `tasks` are those that are known, by their identity. */
  constructor(policy: Policy, tasks: Pick<KnownTasks, "get">) {
    this.#tasks = tasks;
    this.#isEmpty = policy.tools.length === 0;
    this.#makers = namesIn(policy, "maker");
    this.#finishers = namesIn(policy, "finisher");
  }

  get knowMakers(): boolean {
    return this.#makers !== undefined;
  }

  /** The names of a task's program; undefined if no rule asks. */
  namesOf(task: Task): readonly string[] | undefined {
    if (this.#isEmpty) return undefined;
    const known = this.#names.get(task);
    if (known !== undefined) return known;
    const names = toolNames(task);
    this.#names.set(task, names);
    return names;
  }

  /** The task as a maker, if a rule names its program. */
  makerOf({ id }: Identity): Writing | undefined {
    const task = this.#tasks.get(id);
    const names = (task && this.namesOf(task)) ?? [];
    const begins = this.#makers?.has(names) ?? false;
    const mayWrite = begins || (this.#finishers?.has(names) ?? false);
    return task && mayWrite ? { task: id, program: task.images[0].path, begins } : undefined;
  }
}

function namesIn({ tools }: Policy, kind: MakerRule["kind"]): ProgramNames | undefined {
  const names = tools.flatMap((rule) => (rule.kind === kind ? (rule as MakerRule).by : []));
  return names.length === 0 ? undefined : new ProgramNames(names);
}
