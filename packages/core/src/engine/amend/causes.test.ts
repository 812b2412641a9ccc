import { describe, expect, it } from "vitest";
import { contentOf, executes, node, npm, opens, root, sh, user } from "../../../../../test/engine/workload.ts";
import { formatCredentials } from "../../contour/credentials.ts";
import type { Event } from "../../event/event.ts";
import { LAUNCH_USER } from "../../event/text.ts";
import { causesOf } from "./causes.ts";
import type { Caused } from "./proposal.ts";

const caused = (event: Event, more: Partial<Caused> = {}): Caused => ({
  event,
  names: ["npm", "sh", "node"],
  class: "new",
  contents: [],
  moves: [],
  refused: 0,
  ...more,
});
const loads = (path: string, more: Partial<Caused> = {}) =>
  caused(opens(node, path, "read", { uid: 0, gid: 0 }), { consequence: "start-up", ...more });
const titles = (...departures: readonly Caused[]) => causesOf(departures).map(({ title }) => title);

describe("the causes of departures", () => {
  it("gather what one program does in one directory", () => {
    const many = ["a", "b", "c"].map((name) => caused(opens(node, `$CWD/lib/${name}.js`)));
    expect(titles(...many)).toEqual([
      "`node` (npm → sh → node) as 1000 opened $CWD/lib/a.js for reading, and 2 more like it below $CWD/lib",
    ]);
  });

  it("never gather a grave act with others, and put it first", () => {
    const many = Array.from({ length: 50 }, (_, number) => caused(opens(node, `/etc/${number}.conf`)));
    const found = causesOf([...many, caused(opens(node, "/etc/shadow"))]);
    expect(found.map(({ departures }) => departures.length)).toEqual([1, 50]);
    expect(found[0]?.title).toContain("opened /etc/shadow for reading");
  });

  it.each(["euid", "egid", "capabilities"] as const)(
    "never gather acts of another %s, and tell whose they are",
    (what) => {
      const credentials = { ...user, [what]: what === "capabilities" ? 0x1ffn : 0 };
      const act = opens(node, "$CWD/lib/b.js");
      const raised = caused({ ...act, actor: { ...act.actor, credentials } });
      const found = causesOf([caused(opens(node, "$CWD/lib/a.js")), raised]);
      expect(found.map(({ departures }) => departures.length)).toEqual([1, 1]);
      expect(new Set(found.map(({ program }) => program)).size).toBe(2);
      expect(found[1]?.title).toContain(` as ${formatCredentials(credentials)} opened $CWD/lib/b.js for reading`);
    },
  );

  const withGroups = { egid: 42, sgid: 42, fsgid: 42 };
  const asLauncher = { ...user, uid: LAUNCH_USER, euid: LAUNCH_USER, suid: LAUNCH_USER, fsuid: LAUNCH_USER };
  const group = (gid: number) => ({ gid, egid: gid, sgid: gid, fsgid: gid });
  const asBoth = { ...asLauncher, ...group(LAUNCH_USER) };

  it.each([
    ["a set-group-id program", { ...asBoth, ...withGroups }, formatCredentials({ ...asBoth, ...withGroups })],
    ["a program that kept a group", { ...asBoth, sgid: 42 }, formatCredentials({ ...asBoth, sgid: 42 })],
    ["a program that took a group for all", { ...asBoth, ...group(42) }, "user:42"],
    ["a program of another user with a group", { ...user, ...group(42) }, "1000:42"],
    ["root with a group", { ...root, ...group(42) }, "0:42"],
    ["root", root, "0"],
    ["another user", user, "1000"],
  ])("tell by one act alone with which rights it was done: %s", (_, credentials, said) => {
    const act = opens(node, "/etc/shadow");
    expect(titles(caused({ ...act, actor: { ...act.actor, credentials } }))).toEqual([
      `\`node\` (npm → sh → node) as ${said} opened /etc/shadow for reading`,
    ]);
  });

  it("never gather what a start loads with what it loads as another user", () => {
    const act = opens(node, "/etc/ld.so.cache", "read", { uid: 0, gid: 0 });
    const raised = { ...act, actor: { ...act.actor, credentials: root } };
    expect(titles(loads("/etc/ld.so.cache"), caused(raised, { consequence: "start-up" }))).toEqual([
      "`node` (npm → sh → node) as 1000 loaded what every program loads: 1 act of loader, libraries and locale",
      "`node` (npm → sh → node) as 0 loaded what every program loads: 1 act of loader, libraries and locale",
    ]);
  });

  it("say nothing of the user who started the run", () => {
    const ids = ["uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"].map((id) => [id, LAUNCH_USER]);
    const act = opens(node, "$CWD/a");
    const credentials = { ...Object.fromEntries(ids), capabilities: 0n };
    expect(titles(caused({ ...act, actor: { ...act.actor, credentials } }))).toEqual([
      "`node` (npm → sh → node) opened $CWD/a for reading",
    ]);
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

  it("gather what a new program loads, and nothing that was refused, written or is of a program that was learnt", () => {
    const cache = "/etc/ld.so.cache";
    const zone = "/usr/share/zoneinfo/UTC";
    const device = { mode: 0o020666, uid: 0, gid: 0 };
    expect(
      titles(
        loads(cache),
        loads(zone),
        loads("/etc/localtime", { refused: 1 }),
        loads("/usr/share/zoneinfo/Zulu", { consequence: "read" }),
        caused(opens(node, "/dev/null", "write,truncate", device), { consequence: "start-up", refused: 1 }),
        caused(opens(node, "/dev/zero", "write", device), { consequence: "start-up" }),
      ).toSorted(),
    ).toEqual([
      "`node` (npm → sh → node) as 1000 loaded what every program loads: 2 acts of loader, libraries and locale",
      "`node` (npm → sh → node) as 1000 opened /etc/localtime for reading",
      "`node` (npm → sh → node) as 1000 opened /usr/share/zoneinfo/Zulu for reading",
      "`node` (npm → sh → node) as 1000 opened the device /dev/null for writing and truncating",
      "`node` (npm → sh → node) as 1000 opened the device /dev/zero for writing",
    ]);
  });

  it("do not take a consequence at its word", () => {
    expect(titles(caused(opens(node, "/etc/shadow"), { consequence: "start-up" }))[0]).toContain("opened /etc/shadow");
  });

  it("do not take a class at its word where nothing changed", () => {
    expect(titles(caused(opens(node, "$CWD/a"), { class: "updated-program" }))[0]).toContain("opened $CWD/a");
  });
});
