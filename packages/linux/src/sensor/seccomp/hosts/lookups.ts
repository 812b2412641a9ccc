/** Which task looks a host up, and whether it may. */
import type { Actor } from "@isoline/core/event";
import { type Answers, HELD } from "../../asking.ts";
import type { Mediator } from "../../mediation.ts";
import { MALFORMED } from "../../names/message.ts";
import type { TaskTable } from "../tasks/table.ts";
import type { Thread } from "../tasks/process.ts";

/** The task that opened the way to a resolver, as it was then: another that it gives the socket to asks in its name. */
export interface Asker {
  readonly thread: Thread;
  readonly actor: Actor;
}

export function askerOf(thread: Thread): Asker {
  const { identity } = thread.process;
  return { thread, actor: { task: identity.id, parent: identity.parentId, credentials: thread.credentials } };
}

/** How many wait for one answer. A task may repeat its question as often as it likes; what comes after them is refused at once. */
const MOST_WAITING = 64;

export class Lookups {
  readonly #mediator: Mediator;
  readonly #tasks: Pick<TaskTable, "find">;
  /** Lookups that a person is asked about, with all that wait for the answer: a resolver repeats its question. */
  readonly #held = new Map<string, ((may: boolean) => void)[]>();

  constructor(mediator: Mediator, tasks: Pick<TaskTable, "find">) {
    this.#mediator = mediator;
    this.#tasks = tasks;
  }

  /** Reports a lookup; `then` is told whether it may go on, at once unless a person is asked. */
  ask(asker: Asker, name: string, records: string, then: (may: boolean) => void): void {
    if (!this.#isAlive(asker)) {
      this.#mediator.lost("a host was looked up for a process that has ended, so it was not looked up");
      return then(false);
    }
    const key = `${asker.thread.process.handle} ${asker.actor.task} ${records} ${name}`;
    const waiting = this.#held.get(key);
    if (waiting === undefined) this.#decide(asker, name, records, key, then, new Map());
    else if (waiting.length < MOST_WAITING) waiting.push(then);
    else then(false);
  }

  /** Reports bytes that are no question. They go nowhere in any case. */
  malformed(asker: Asker): void {
    this.ask(asker, MALFORMED, "unknown", () => {});
  }

  /** Something was asked on a socket whose task is not known. */
  unknown(): void {
    this.#mediator.lost("a host was looked up on a socket whose task is not known, so it was not looked up");
  }

  #decide(
    asker: Asker,
    name: string,
    records: string,
    key: string,
    then: (may: boolean) => void,
    answers: Answers,
  ): void {
    const { asking } = this.#mediator;
    asking?.begin(answers);
    const act = { op: "resolve", subject: { name, records } } as const;
    const verdict = this.#mediator.decide(act, asker.thread, asker.actor, undefined);
    if (verdict !== HELD || asking === undefined) return then(verdict === 0);
    this.#held.set(key, [then]);
    const taken = () => {
      const waiting = this.#held.get(key) ?? [];
      this.#held.delete(key);
      return (may: boolean) => waiting.forEach((each) => each(may));
    };
    asking.hold({
      answers,
      stillWaits: () => this.#isAlive(asker),
      again: () => this.#decide(asker, name, records, key, taken(), answers),
      // Another task may have the other end of its connection, which stays open until it is answered.
      ended: () => taken()(false),
    });
  }

  #isAlive({ thread: { process } }: Asker): boolean {
    return this.#tasks.find(process.pid) === process;
  }
}
