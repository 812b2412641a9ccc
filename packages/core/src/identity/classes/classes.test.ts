import { describe, expect, it } from "vitest";
import { type Digest, ZERO_DIGEST } from "../../digest.ts";
import { type Event, subjectRecord } from "../../event/event.ts";
import { parseAct } from "../../event/text.ts";
import { DEFAULT_POLICY } from "../policy.ts";
import { parsePolicy } from "../policy-file.ts";
import { rulesAt } from "./at-launch.ts";
import { Classes } from "./classes.ts";
import { guardOf } from "./guarded.ts";
import { NameClass } from "./name-class.ts";
import { classOperations } from "./operations.ts";
import type { ClassRule } from "./rule.ts";
import { StaleActs } from "./stale.ts";

const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
const actor = { task: ZERO_DIGEST as Digest, parent: ZERO_DIGEST as Digest, credentials: ids };
const event = (act: string): Event => parseAct(act, actor);
const rule = (at: string, more: Partial<ClassRule> = {}): ClassRule => ({
  at,
  of: classOperations,
  replaces: 0,
  accepts: "",
  because: "",
  ...more,
});
const pathUnder = (rules: ClassRule[], act: string, programs = "sh") =>
  subjectRecord(new Classes(rules).of(event(act), () => programs).event)["path"];
const create = (path: string) => `create access=write path=${path} mode=0600`;

describe("a class rule", () => {
  it("puts its class in place of a name of its directory, and of no other", () => {
    const rules = [rule("$CWD/up/{photo-<n>}.jpg")];
    expect(pathUnder(rules, create("$CWD/up/photo-17.jpg"))).toBe("$CWD/up/{photo-<n>}.jpg");
    for (const other of [
      "up/photo-x.jpg",
      "up/photo-1.png",
      "up/a/photo-1.jpg",
      "upx/photo-1.jpg",
      "photo-1.jpg",
      "up/photo-1.jpg.jpg",
    ])
      expect(pathUnder(rules, create(`$CWD/${other}`))).toBe(`$CWD/${other}`);
  });

  it("may lie below another's class", () => {
    const rules = [rule("$CWD/users/{<word>}"), rule("$CWD/users/{<word>}/{<date>}.csv")];
    expect(pathUnder(rules, create("$CWD/users/ann/2026-11-24.csv"))).toBe("$CWD/users/{<word>}/{<date>}.csv");
    expect(pathUnder(rules, create("$CWD/users/ann/x.csv"))).toBe("$CWD/users/{<word>}/x.csv");
  });

  it("writes a path without tokens with them, and marks a real name that looks like a class", () => {
    const rules = [rule("$/srv/up/{<n>}")];
    expect(pathUnder(rules, create("/srv/up/7"))).toBe("$/srv/up/{<n>}");
    expect(pathUnder([rule("$/srv/$literal:{<n>}/{<n>}")], create("/srv/{<n>}/7"))).toBe("$/srv/$literal:{<n>}/{<n>}");
    expect(pathUnder(rules, create("/srv/up/{<n>}"))).toBe("/srv/up/{<n>}");
  });

  it("is only for its programs, its operations, and not for the names it leaves out", () => {
    const only = (more: Partial<ClassRule>) => [rule("$CWD/{<word>}.txt", more)];
    expect(pathUnder(only({ by: ["sh>cp"] }), create("$CWD/a.txt"), "sh>cp")).toBe("$CWD/{<word>}.txt");
    expect(pathUnder(only({ by: ["sh>cp"] }), create("$CWD/a.txt"), "sh>mv")).toBe("$CWD/a.txt");
    expect(pathUnder(only({ of: ["unlink"] }), create("$CWD/a.txt"))).toBe("$CWD/a.txt");
    expect(pathUnder(only({ but: ["a.txt"] }), create("$CWD/a.txt"))).toBe("$CWD/a.txt");
  });

  it("never touches what is executed or mapped, nor a name that begins with a dot", () => {
    const file = "mode=0100755 uid=0 gid=0 fs=disk";
    const rules = [rule("$CWD/{<word>}.txt"), rule("$CWD/{<name>}")];
    for (const act of [
      `exec path=$CWD/a.txt ${file} loader=`,
      `map access=execute path=$CWD/a.txt ${file}`,
      create("$CWD/.a.txt"),
    ])
      expect(new Classes(rules).of(event(act), () => "sh").rules).toEqual([]);
  });

  it("leaves a rename or a link alone that has a guarded name at either end", () => {
    const object = "mode=0100644 uid=0 gid=0 fs=disk";
    const rules = [rule("$CWD/up/{<word>}.sh"), rule("$CWD/{<word>}"), rule("$CWD/{<word>}/{<word>}")];
    for (const act of [
      `rename path=$CWD/up/a.sh ${object} to=$CWD/.git/hooks/pre-commit replaces=no`,
      `link path=$CWD/up/a.sh ${object} to=$HOME/.bashrc`,
      `rename path=$HOME/.ssh/id_ed25519 ${object} to=$CWD/up/a.sh replaces=no`,
      `rename path=$CWD/up ${object} to=$CWD/hooks replaces=no`,
      "symlink path=$CWD/up/a.sh content=../.git/hooks/pre-commit",
      "symlink path=$CWD/up/a.sh content=Makefile",
    ])
      expect(new Classes(rules).of(event(act), () => "sh").event).toEqual(event(act));
  });

  it("folds what was found, into words that no sensor uses", () => {
    const classes = new Classes([rule("$CWD/out", { found: "any", of: ["create", "open", "rename"] })]);
    const folded = (act: string) => classes.of(event(act), () => "sh").event;
    const found = folded("open access=write,truncate path=$CWD/out/a mode=0100644 uid=0 gid=0 fs=disk");
    expect(found).toEqual(folded(create("$CWD/out/a").replace("0600", "00")));
    expect(subjectRecord(found)["access"]).toBe("write,found");
    const foreign = "open access=write,truncate path=$CWD/out/a mode=0100644 uid=33 gid=0 fs=disk";
    expect(folded(foreign)).toEqual(event(foreign));
    const setuid = folded("open access=write path=$CWD/out/a mode=0104755 uid=0 gid=0 fs=disk");
    expect(setuid).not.toEqual(found);
  });

  it("does not change what it has made", () => {
    const rules = [
      rule("$CWD/{<word>}"),
      rule("$CWD/{<word>}/{<n>}"),
      rule("$CWD/{<word>}", { found: "any", of: ["create"] }),
    ];
    const classes = new Classes(rules);
    const once = classes.of(event(create("$CWD/a/1")), () => "sh").event;
    expect(classes.of(once, () => "sh").event).toEqual(once);
    expect(new StaleActs(rules).has(once)).toBe(false);
    expect(new StaleActs(rules.slice(0, 1)).has(once)).toBe(true);
    expect(new StaleActs([]).has(event(create("$CWD/a/1")))).toBe(false);
  });
});

describe("a rule in a policy", () => {
  const parsed = (more: Record<string, unknown>) => parsePolicy({ classes: [{ ...rule("$CWD/{<n>}"), ...more }] });
  it("is read back as it was written", () => {
    expect(parsed({}).classes).toEqual([{ ...rule("$CWD/{<n>}"), of: classOperations.toSorted() }]);
    expect(DEFAULT_POLICY.classes).toEqual([]);
  });

  it.each([
    ["exec", { of: ["exec"] }],
    ["map", { of: ["map"] }],
    ["hooks", { at: "$CWD/.git/hooks/{<n>}" }],
    ["keys", { at: "$HOME/.ssh/{<n>}" }],
    ["home", { at: "$HOME/.config/{<n>}" }],
    ["a directory of programs", { at: "$CWD/node_modules/.bin/{<n>}" }],
    ["units", { at: "$/etc/systemd/system/{<n>}.service" }],
    ["any name in home", { at: "$HOME/{<word>}" }],
    ["the root", { at: "{<n>}" }],
    ["proc", { at: "$/proc/{<n>}" }],
    ["another root", { at: "$IN:/jail//x/{<n>}" }],
    ["no class", { at: "$CWD/x" }],
    ["two open kinds", { at: "$CWD/{<word>-<word>}" }],
    ["an unknown kind", { at: "$CWD/{<any>}" }],
    ["an unknown key", { everything: true }],
    ["words that turn a line around", { accepts: "a number \u202egpj" }],
    ["words that hide a letter", { because: "6 of 6\u200b runs" }],
    ["words on two lines", { because: "6 of 6\nruns" }],
    ["names of an open class", { names: ["a"] }],
    ["to write in a tree", { at: "$/usr/share/x/{<tree>}" }],
  ])("is refused for %s", (_, more) => {
    expect(() => parsed(more)).toThrow(/^policy: classes/);
  });
});

describe("what no class may reach", () => {
  it.each([
    "$HOME/.ssh/authorized_keys",
    "$CWD/.git/hooks/pre-commit",
    "$CWD/.git/config",
    "$HOME/.bashrc",
    "$CWD/.env",
    "$CWD/Makefile",
    "$CWD/sub/package.json",
    "$HOME/.config/autostart/a.desktop",
    "$CWD/.vscode/tasks.json",
    "$CWD/.claude/settings.json",
    "$CWD/AGENTS.md",
    "$HOME/.npmrc",
    "/etc/cron.d/x",
    "$/etc/passwd",
    "$CWD/node_modules/.bin/tsc",
    "$HOME/.local/bin/x",
    "$HOME/.aws/credentials",
    "$HOME/.new-agent/x",
    "$CWD/sub/.GIT/hooks/x",
    "/var/spool/cron/root",
    "$HOME/.config/systemd/user/a.timer",
  ])("%s", (path) => {
    expect(guardOf(path, true)).toBeDefined();
  });

  it("but ordinary data", () => {
    for (const path of [
      "$CWD/up/a.jpg",
      "$CWD/.git/objects/3f/00",
      "$CWD/build/a.o",
      "$HOME/.cache/x/y",
      "/var/lib/app/1",
      "/srv/a/b",
    ])
      expect(guardOf(path, true)).toBeUndefined();
  });

  it("holds for the directory that a namespace is started in", () => {
    const rules = [rule("$CWD/{<n>}")];
    const at = (cwd: string) => rulesAt(rules, { cwd, home: "/home/ann", temp: ["/tmp"] }).length;
    expect(at("/srv/app")).toBe(1);
    for (const cwd of ["/home/ann/.ssh", "/etc/cron.d", "/srv/app/.git/hooks", "/usr/bin"]) expect(at(cwd)).toBe(0);
  });
});

describe("a class of names", () => {
  it("takes a long name in a bounded time", () => {
    const parsed = NameClass.parse("{<n>-<n>-<n>-<word>}");
    expect(parsed instanceof NameClass && parsed.matches(`${"1-".repeat(120)}${"a".repeat(80)}!`)).toBe(false);
  });
});
