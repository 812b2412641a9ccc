import { describe, expect, it } from "vitest";
import { contentOf, executes, node, npm, opens, sh } from "../../../../../test/engine/workload.ts";
import type { Event } from "../../event/event.ts";
import { causesOf } from "./causes.ts";
import type { Caused } from "./proposal.ts";

const caused = (event: Event, more: Partial<Caused> = {}): Caused => ({
  event,
  names: ["npm", "sh", "node"],
  class: "new",
  contents: [],
  moves: [],
  ...more,
});
const titles = (...departures: readonly Caused[]) => causesOf(departures).map(({ title }) => title);

describe("the causes of departures", () => {
  it("gather what one program does in one directory", () => {
    const many = ["a", "b", "c"].map((name) => caused(opens(node, `$CWD/lib/${name}.js`)));
    expect(titles(...many)).toEqual([
      "`node` (npm → sh → node) opened $CWD/lib/a.js for reading, and 2 more like it below $CWD/lib",
    ]);
  });

  it("never gather a grave act with others, and put it first", () => {
    const many = Array.from({ length: 50 }, (_, number) => caused(opens(node, `/etc/${number}.conf`)));
    const found = causesOf([...many, caused(opens(node, "/etc/shadow"))]);
    expect(found.map(({ departures }) => departures.length)).toEqual([1, 50]);
    expect(found[0]?.title).toContain("opened /etc/shadow for reading");
  });

  it("keep each execution by itself", () => {
    expect(titles(caused(executes(sh, "/usr/bin/git")), caused(executes(sh, "/usr/bin/curl")))).toHaveLength(2);
  });

  it("are one for an update, whatever departed by it, and come before what is new", () => {
    const change = { path: "/usr/bin/node", from: contentOf("1"), to: contentOf("2") };
    const update = { class: "updated-program", contents: [change] } as const;
    const found = causesOf([
      caused(opens(npm, "$CWD/new")),
      caused(executes(sh, "/usr/bin/node"), update),
      caused(opens(node, "$CWD/a"), update),
    ]);
    expect(found.map(({ departures }) => departures.length)).toEqual([2, 1]);
    expect(found[0]?.title).toBe("updated: /usr/bin/node, and nothing else in 2 acts");
  });

  it("do not take a class at its word where nothing changed", () => {
    expect(titles(caused(opens(node, "$CWD/a"), { class: "updated-program" }))[0]).toContain("opened $CWD/a");
  });
});
