import { expect, test } from "vitest";
import type { Identity } from "../acting.ts";
import { Bars } from "./bars.ts";
import { ProcessTable } from "./processes.ts";

const identity = { serial: 0 } as Identity;
const process = new ProcessTable().add(7, 4_194_305, 1, identity);

/** A table with so much room, whose processes live unless `ended` says otherwise; each call is noted. */
function bars({ room = 9, isUntrusted = true, ended = false }) {
  const done: string[] = [];
  const kept = new Set<number>();
  const note =
    <T>(what: string, result: T) =>
    () => (done.push(what), result);
  const members = {
    bar: (handle: number) => (done.push("bar"), kept.size < room && kept.add(handle).has(handle)),
    unbar: (handle: number) => void (done.push("unbar"), kept.delete(handle)),
    lives: note("lives", !ended),
    signal: (_: unknown, signal: number) => void done.push(`signal ${signal}`),
  };
  const mediator = { isBarred: () => isUntrusted, lost: note("lost", 0) };
  const made = new Bars(members, mediator);
  return { made, done, kept };
}

test("a process that the policy bars is barred in the kernel once", () => {
  const { made, done, kept } = bars({});
  expect([made.on(process, false), made.on(process, false)]).toEqual(["barred", "barred"]);
  expect(done).toEqual(["bar", "lives"]);
  expect([...kept]).toEqual([7]);
});

test("nothing is done about a trusted process, nor about one that the kernel bars since its birth", () => {
  const trusted = bars({ isUntrusted: false });
  expect([trusted.made.on(process, false), trusted.done]).toEqual(["free", []]);
  const born = bars({});
  expect([born.made.on(process, true), born.done]).toEqual(["barred", []]);
});

test("of a process that had ended by then no entry stays", () => {
  const { made, done, kept } = bars({ ended: true });
  expect(made.on(process, false)).toBe("barred");
  expect([done, kept.size]).toEqual([["bar", "lives", "unbar"], 0]);
});

test("where there is no room, the process is ended, and it is a loss", () => {
  const { made, done } = bars({ room: 0 });
  expect(made.on(process, false)).toBe("ended");
  expect(done).toEqual(["bar", "signal 9", "lost"]);
});
