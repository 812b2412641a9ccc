/** A process whose parent has ended by the time that its fork is read has the trust of that parent, and not of the supervisor. */
import { Contour } from "@isoline/core/contour";
import { Engine } from "@isoline/core/engine";
import { DEFAULT_POLICY, type Launch } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { expect, test } from "vitest";
import type { Identity } from "../acting.ts";
import { ModelMediator } from "../model-mediator.ts";
import { ProcessTable } from "./processes.ts";

const identity = { serial: 0 } as Identity;
const launch: Launch = { cwd: "", home: "", temp: [], uid: -1, gid: -1, ephemeralPorts: [32768, 60999] };

/** A first process, whose handle is 1, and what the mediator is told of others. */
function begun() {
  const contour = Contour.create({ profile: iso1, policy: "{}" });
  const engine = new Engine({ contour, mode: "watch", reaction: "deny-all" });
  const counts = { events: 0, attempts: 0, novel: 0 };
  const mediator = new ModelMediator({ engine, policy: DEFAULT_POLICY, launch, counts });
  const table = new ProcessTable();
  const born = (handle: number, parent: number) => {
    const process = table.add(handle, 100 + handle, parent, identity);
    mediator.born(process);
    return process;
  };
  const died = (process: ReturnType<typeof born>) => {
    table.remove(process);
    mediator.died(process);
  };
  return { first: born(1, 0), born, died, mediator, trust: engine.trust };
}

const departs = { reason: "off-contour", what: "a test" } as const;

test("what the supervisor itself starts is trusted, and so is a child of a trusted process that has ended", () => {
  const { first, born, died, mediator } = begun();
  died(first);
  expect([first, born(2, 1)].map((process) => mediator.isBarred(process))).toEqual([false, false]);
});

test("a child of a process that departed and has ended is not trusted", () => {
  const { first, born, died, mediator, trust } = begun();
  const second = born(2, 1);
  trust.distrust(second.handle, departs);
  died(second);
  const late = born(3, 2);
  expect([mediator.isBarred(late), mediator.isBarred(first)]).toEqual([true, false]);
  expect(trust.trustOf(late.handle)).toMatchObject({ cause: departs, origin: second.handle });
});

test("a child of a process that was never told of is not trusted", () => {
  const { born, mediator } = begun();
  expect(mediator.isBarred(born(3, 2))).toBe(true);
});

test("a child of a process of before a takeover that has ended is trusted; a later one of which nothing was told is not", () => {
  const table = new ProcessTable();
  table.takeOver(5);
  const known = table.add(3, 103, 1, identity);
  table.remove(known);
  for (let handle = 100; handle < 400; handle++) table.remove(table.add(handle, handle, 0, identity));
  expect([known.parentHandle, table.isOfUntold(table.add(9, 109, 3, identity))]).toEqual([0, true]);
  const [early, late] = [table.add(7, 107, 4, identity), table.add(8, 108, 6, identity)];
  expect([early.parentHandle, table.isOfUntold(early)]).toEqual([0, false]);
  expect([late.parentHandle, table.isOfUntold(late)]).toEqual([6, true]);
});
