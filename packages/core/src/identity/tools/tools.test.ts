import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Event } from "../../event/event.ts";
import { sha256 } from "../../digest.ts";
import { IsolineError } from "../../error.ts";
import { canonicalPolicy, DEFAULT_POLICY } from "../policy.ts";
import { parsePolicy } from "../policy-file.ts";
import { missingPresets, presetNames, presets, withPresets } from "../presets/table.ts";
import { deriveTask, toolNames } from "../task.ts";
import { builtBy, isFile, marksOf } from "./built.ts";
import { LevelledNames } from "./names.ts";
import { ToolPlaces } from "./places.ts";
import type { ToolRule } from "./rule.ts";

const credentials = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
const task = sha256(Buffer.from("ld"));
const actor = { task, parent: task, credentials };
const file = { mode: 0o100644, uid: 0, gid: 0, fs: "disk" };
const act = (op: string, subject: object) => ({ op, actor, subject }) as unknown as Event;

const places = new ToolPlaces([
  { kind: "cache", in: "$CWD/target", by: ["cargo"], why: "a cache" },
  { kind: "output", in: "$CWD/**", by: ["ld"], why: "outputs" },
  { kind: "state", in: "$CWD/Cargo.lock", by: ["cargo"], why: "a record" },
]);
const accessOf = (event: Event, ...names: string[]) =>
  (places.apply(event, names).subject as { access?: string }).access;

describe("a cache", () => {
  test.each([
    act("open", { access: "read,write", path: "$CWD/target/x", ...file }),
    act("create", { access: "write", path: "$CWD/target/a/b", mode: 0 }),
    act("mkdir", { path: "$CWD/target", mode: 0 }),
    act("unlink", { path: "$CWD/target/x", ...file }),
    act("rename", { path: "$CWD/target/x", to: "$CWD/target/y", replaces: "no", ...file }),
    act("link", { path: "$CWD/target/x", to: "$CWD/target/y", ...file }),
    act("symlink", { path: "$CWD/target/x", content: "y" }),
  ])("takes in: $op", (event) => {
    expect(places.apply(event, ["cargo"]).subject).toMatchObject({ access: "cache", path: "$CWD/target/$any" });
    expect(places.apply(event, ["curl"])).toBe(event);
  });

  test.each([
    act("exec", { path: "$CWD/target/x", ...file, loader: [] }),
    act("map", { access: "execute", path: "$CWD/target/x", ...file }),
    act("open", { access: "read", path: "$CWD/targets/x", ...file }),
    act("open", { access: "read", path: "$CWD/target/x", ...file, uid: 7 }),
    act("open", { access: "read", path: "$CWD/target/x", ...file, mode: 0o104755 }),
    act("open", { access: "read", path: "$CWD/target/x", ...file, mode: 0o020644 }),
    act("open", { access: "read", path: "$CWD/target/x", ...file, fs: "proc" }),
    act("create", { access: "write", path: "$CWD/target/x", mode: 0o4000 }),
    act("chmod", { path: "$CWD/target/x", ...file, to: 0o4755 }),
    act("chown", { path: "$CWD/target/x", ...file, owner: 7, group: 7 }),
    act("setxattr", { path: "$CWD/target/x", ...file, name: "security.capability" }),
    act("symlink", { path: "$CWD/target/x", content: "/etc/passwd" }),
    act("symlink", { path: "$CWD/target/x", content: "a/../../y" }),
    act("mknod", { path: "$CWD/target/x", mode: 0o020644, device: "1:3" }),
  ])("leaves alone: $op $subject.path $subject.mode", (event) => {
    expect(places.apply(event, ["cargo"])).toBe(event);
  });

  test("a move out of it, or into it, keeps the other end", () => {
    const out = act("rename", { path: "$CWD/target/x", to: "$HOME/.bashrc", replaces: "no", ...file });
    expect(places.apply(out, ["cargo"])).toMatchObject({ op: "rename", subject: { to: "$HOME/.bashrc" } });
    const into = act("link", { path: "$HOME/.ssh/id_rsa", to: "$CWD/target/x", ...file });
    expect(places.apply(into, ["cargo"])).toMatchObject({ op: "link", subject: { path: "$HOME/.ssh/id_rsa" } });
  });
});

describe("an output", () => {
  test("is written, and not read, by its programs", () => {
    expect(accessOf(act("create", { access: "write", path: "$CWD/a", mode: 0 }), "ld")).toBe("output");
    expect(accessOf(act("unlink", { path: "$CWD/a", ...file }), "ld")).toBe("output");
    expect(accessOf(act("open", { access: "read", path: "$CWD/a", ...file }), "ld")).toBe("read");
    expect(accessOf(act("create", { access: "write", path: "$HOME/a", mode: 0 }), "ld")).toBe("write");
  });

  test("keeps its path", () => {
    const paths = ["$CWD/a", "$CWD/b"].map(
      (path) =>
        (places.apply(act("create", { access: "write", path, mode: 0 }), ["ld"]).subject as { path: string }).path,
    );
    expect(paths).toEqual(["$CWD/a", "$CWD/b"]);
  });

  test("a file of another place that is moved there is named", () => {
    const move = act("rename", { path: "$HOME/.ssh/id_rsa", to: "$CWD/a", replaces: "no", ...file });
    expect(places.apply(move, ["ld"])).toBe(move);
  });
});

test("a state is read and written", () => {
  for (const access of ["read", "write,truncate"])
    expect(accessOf(act("open", { access, path: "$CWD/Cargo.lock", ...file }), "cargo")).toBe("state");
});

test("digests and numbers in names, below a place only", () => {
  const names = new LevelledNames([
    { kind: "names", form: "digest", in: "$CWD/target", why: "w" },
    { kind: "names", form: "number", in: "$TMP/go-build*", why: "w" },
    { kind: "names", form: "directory", in: "$TMP/pytest-of-*", why: "w" },
  ]);
  const labels = (text: string) =>
    names.labelsIn(text, 0).map(({ start, end, label }) => [text.slice(start, end), label.text]);
  expect(labels("$CWD/target/deps/shop-6f83984a8ace2e05")).toEqual([["shop-6f83984a8ace2e05", "shop-$hash"]]);
  expect(labels("$CWD/target/deps/shop-6f83984a8ace2e0")).toEqual([]);
  expect(labels("$CWD/other/shop-6f83984a8ace2e05")).toEqual([]);
  expect(labels("$TMP/go-build12/b002/shop.test")).toEqual([["b002", "{b@n}"]]);
  expect(labels("$TMP/pytest-of-ann/pytest-3")).toEqual([["pytest-of-ann", "{pytest-of-@any}"]]);
});

describe("what was built", () => {
  const ld = { task, program: "/usr/bin/ld" };
  const other = { task: sha256(Buffer.from("cp")), program: "/usr/bin/cp" };

  test("is told by all who wrote it, in any order", () => {
    expect(builtBy([ld, other])).toBe(builtBy([other, ld, ld]));
    expect(new Set([builtBy([ld]), builtBy([other]), builtBy([ld, other])]).size).toBe(3);
    expect(marksOf([ld]).map(({ path }) => [path, isFile(path)])).toEqual([["?built-by:/usr/bin/ld", false]]);
  });
});

test("a program is known by its file, by what it was called, and by its script", () => {
  const called = deriveTask(task, [{ path: "/usr/bin/busybox" }], { as: "sh", runs: ["$CWD/build.sh"] });
  expect(toolNames(called)).toEqual(["busybox", "sh", "busybox:build.sh", "sh:build.sh"]);
});

describe("presets", () => {
  test.each(presetNames)("%s is valid, and the same when it is read again", (name) => {
    const policy = withPresets(DEFAULT_POLICY, [name, name]);
    expect(policy.tools).toHaveLength(new Set(presets[name].tools.map((tool) => JSON.stringify(tool))).size);
    expect(canonicalPolicy(parsePolicy(JSON.parse(canonicalPolicy(policy))))).toBe(canonicalPolicy(policy));
  });

  test("are missed where their programs ran, and not where a rule of theirs stands", () => {
    const ran = new Set(["go", "cat"]);
    expect(missingPresets(DEFAULT_POLICY, ran)).toEqual(["go"]);
    expect(missingPresets(withPresets(DEFAULT_POLICY, ["go"]), ran)).toEqual([]);
  });

  test("none reaches credentials, shells or system directories", () => {
    for (const name of presetNames) {
      const { tools } = presets[name];
      const all = new ToolPlaces(tools);
      const names = tools.flatMap((rule: ToolRule) =>
        "by" in rule ? rule.by.map((by) => by.replaceAll("*", "")) : [],
      );
      for (const path of [
        "$HOME/.ssh/id_rsa",
        "$HOME/.bashrc",
        "$HOME/.gitconfig",
        "$HOME/.cargo/credentials.toml",
        "$HOME/.cargo/config.toml",
        "$HOME/.cargo/bin/cargo",
        "$HOME/.gradle/init.d/x.gradle",
        "$HOME/.gradle/gradle.properties",
        "$HOME/.m2/settings.xml",
        "$HOME/.npmrc",
        "$HOME/.local/share/pnpm/pnpm",
        "$HOME/go/bin/x",
        "/etc/passwd",
        "$HOME/.config/x",
        "/usr/bin/x",
      ]) {
        const event = act("open", { access: "write", path, ...file });
        expect(all.apply(event, names)).toBe(event);
      }
    }
  });
});

test.each([".git/hooks/post-checkout", "shop/.git/config", "origin.git/hooks/update", ".git/info/attributes"])(
  "the preset of git leaves %s its name",
  (name) => {
    const path = `$CWD/${name}`;
    const { op, subject } = new ToolPlaces(presets.git.tools).apply(
      act("create", { access: "write", path, mode: 0o755 }),
      ["git"],
    );
    expect({ op, subject }).toMatchObject({ op: "open", subject: { access: "output", path } });
    const read = act("open", { access: "read", path, ...file });
    expect(new ToolPlaces(presets.git.tools).apply(read, ["git"])).toBe(read);
  },
);

test("anything is read as a list of rules, or refused by its key", () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.string(),
    fc.record({
      kind: fc.constantFrom("cache", "maker", "names"),
      by: fc.jsonValue(),
      in: fc.jsonValue(),
      why: fc.jsonValue(),
    }),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 3 }), (tools) => {
      expect(outcomeOf(tools)).toMatch(/^(?:read|policy: tools\[\d\])/);
    }),
  );
});

test.each([
  [{ kind: "cache", in: "$CWD/a", by: ["*"], why: "w" }, /two characters beside/],
  [{ kind: "cache", in: "/**", by: ["ld"], why: "w" }, /first component without wildcards/],
  [{ kind: "maker", in: "$CWD", by: ["ld"], why: "w" }, /nothing, for a maker/],
  [{ kind: "maker", by: ["ld"] }, /says why/],
  [{ kind: "maker", by: ["ld"], why: "a\nb" }, /one line/],
  [{ kind: "maker", by: [], why: "w" }, /one to 64 names/],
  [{ kind: "make", by: ["ld"], why: "w" }, /one of cache, output/],
  [{ kind: "maker", by: ["ld"], why: "w", as: "x" }, /one of the keys/],
])("refused: %j", (tool, message) => {
  expect(() => parsePolicy({ tools: [tool] })).toThrow(message);
});

function outcomeOf(tools: readonly unknown[]): string {
  try {
    return parsePolicy({ tools }).tools.length === tools.length ? "read" : "not all of them";
  } catch (fault) {
    if (fault instanceof IsolineError) return fault.message;
    throw fault;
  }
}
