import type { Digest } from "@isoline/core/digest";
import type { Circumstances } from "@isoline/core/engine";
import type { Event } from "@isoline/core/event";
import { describe, expect, it } from "vitest";
import { Asking, HELD } from "../../asking.ts";
import type { Mediator } from "../../mediation.ts";
import { type Asker, Lookups } from "./lookups.ts";

const EPERM = 1;
const process = { pid: 7, handle: 1 };
const asker = { thread: { tid: 7, process }, actor: { task: "task" } } as unknown as Asker;

/** Lookups of one task, about each of which a person is asked, and what became of those of one name. */
function lookups() {
  const questions: number[] = [];
  const living = new Map<number, unknown>([[process.pid, process]]);
  const asking = new Asking({
    most: 1000,
    onQuestion: ({ id }) => questions.push(id),
    onWithdrawn: () => {},
    onOverflow: () => {},
    onAlong: () => {},
  });
  const decide: Mediator["decide"] = ({ subject }) => {
    const answer = asking.answerTo(
      { op: "resolve", subject } as Event,
      JSON.stringify(subject) as unknown as Digest,
      { process: 1 } as Circumstances,
    );
    return answer === "ask" ? HELD : answer === "once" ? 0 : EPERM;
  };
  const mediator = { asking, decide, lost: () => 0 } as unknown as Mediator;
  const resolving = new Lookups(mediator, { find: (pid) => living.get(pid) } as ConstructorParameters<
    typeof Lookups
  >[1]);
  const told = { may: 0, mayNot: 0 };
  const repeat = (times: number) => {
    for (let time = 0; time < times; time++)
      resolving.ask(asker, "host.example", "address", (may) => {
        told[may ? "may" : "mayNot"] += 1;
      });
  };
  return { asking, questions, told, repeat, end: () => living.clear() };
}

describe("a lookup that a person is asked about", () => {
  it("is one question, and its repetitions wait for the answer up to a number; the rest are refused at once", () => {
    const { asking, questions, told, repeat } = lookups();
    repeat(1000);
    expect([questions, told]).toEqual([[1], { may: 0, mayNot: 1000 - 64 }]);
    asking.settle(1, "once");
    expect(told).toEqual({ may: 64, mayNot: 1000 - 64 });
    repeat(1);
    expect(questions).toEqual([1, 2]);
  });

  it("is refused to all that wait once its task has ended, and is held no longer", () => {
    const { asking, questions, told, repeat, end } = lookups();
    repeat(3);
    end();
    asking.sweep();
    expect(told).toEqual({ may: 0, mayNot: 3 });
    repeat(1);
    expect([questions, told]).toEqual([[1], { may: 0, mayNot: 4 }]);
  });
});
