/** Every check of the sources passes on a tree in order, and fails on a tree with a mistake. */
import { describe, expect, it } from "vitest";
import { check, checks } from "../../tools/checks.mjs";
import { json, TinyTree } from "./tiny-tree.ts";

const event = "packages/core/src/event/event.ts";
const coreIndex = (more: string) => ({
  "packages/core/src/index.ts": `export * from "./error.ts";\nexport * from "./event/event.ts";\n${more}`,
});
const manifestWith = (pack: string, dependencies: Record<string, string>) => ({
  [`packages/${pack}/package.json`]: json({
    name: pack === "isoline" ? pack : `@isoline/${pack}`,
    type: "module",
    dependencies,
  }),
});
const lockfile = (entry: object) => ({ "package-lock.json": json({ packages: { "node_modules/a": entry } }) });

/** The mistake in the tree, and the message that the check must print. */
type Case = readonly [wrong: string, changes: Record<string, string>, says: RegExp];

const cases: Record<string, readonly Case[]> = {
  format: [["a line that the formatter would change", { [event]: "export  const codes=[ 1 ]\n" }, /event\.ts format/]],
  lint: [
    [
      "a promise that is not awaited",
      { [event]: "export const codes = 1;\nasync function late(): Promise<void> {}\nlate();\n" },
      /no-floating-promises/,
    ],
    ["a default export", { [event]: "export default 1;\n" }, /no-default-export/],
    ["a swallowed error", { [event]: "try {\n  JSON.parse('');\n} catch {}\n" }, /no-empty/],
    [
      "a switch that forgets a case",
      { [event]: 'export function codes(a: "x" | "y"): void {\n  switch (a) {\n    case "x":\n      break;\n  }\n}\n' },
      /switch-exhaustiveness-check/,
    ],
    ["a clock in the core", { [event]: "export const codes = Date.now();\n" }, /core has no clock/],
    ["a random number in the core", { [event]: "export const codes = Math.random();\n" }, /core is deterministic/],
    ["the environment in the core", { [event]: "export const codes = process.env;\n" }, /core knows no environment/],
    [
      "a test that excludes all others",
      {
        "packages/core/src/a.test.ts":
          'import { expect, it } from "vitest";\n\nit.only("is", () => expect(1).toBe(1));\n',
      },
      /no-focused-tests/,
    ],
  ],
  types: [
    ["a value of the wrong type", { [event]: 'export const codes: number = "1";\n' }, /event\.ts.*TS2322/],
    ["an enum", { [event]: "export enum Codes {\n  One,\n}\n" }, /event\.ts.*TS1294/],
    ["a wrong type in the page", { "packages/dashboard/src/main.tsx": "document.title = 1;\n" }, /main\.tsx.*TS2322/],
    ["an element that may be missing", { [event]: "export const codes: number = [1][0];\n" }, /event\.ts.*TS2322/],
  ],
  layers: [
    [
      "an import of a higher layer",
      {
        ...coreIndex(""),
        [event]: 'import "../engine/engine.ts";\n',
        "packages/core/src/engine/engine.ts": "export {};\n",
      },
      /event\.ts:1: imports upwards: event → engine/,
    ],
    [
      "an export from a higher layer",
      { [event]: '\nexport * from "../engine/engine.ts";\n', "packages/core/src/engine/engine.ts": "export {};\n" },
      /event\.ts:2: imports upwards/,
    ],
    [
      "a type from a higher layer",
      {
        [event]: 'export type A = import("../engine/engine.ts").A;\n',
        "packages/core/src/engine/engine.ts": "export type A = 1;\n",
      },
      /event\.ts:1: imports upwards/,
    ],
    [
      "a worker from a higher layer",
      {
        [event]: 'new URL("../engine/engine.ts", import.meta.url);\n',
        "packages/core/src/engine/engine.ts": "export {};\n",
      },
      /event\.ts:1: imports upwards/,
    ],
    ["input and output in the core", { [event]: 'import "node:fs";\n' }, /core\/event may not import "node:fs"/],
    [
      "node:crypto outside the folder for digests",
      { [event]: 'import "node:crypto";\n' },
      /core\/event may not import "node:crypto"/,
    ],
    [
      "foreign functions outside abi",
      { "packages/linux/src/sensor/a.ts": 'import "koffi";\n' },
      /linux\/sensor may not import "koffi"/,
    ],
    [
      "Linux imported by the core",
      { [event]: 'import "@isoline/linux";\n' },
      /core\/event may not import "@isoline\/linux"/,
    ],
    [
      "the seccomp sensor imported by the bpf sensor",
      {
        "packages/linux/src/sensor/bpf/a.ts": 'import type { B } from "../seccomp/turns.ts";\n',
        "packages/linux/src/sensor/seccomp/turns.ts": "export type B = 1;\n",
      },
      /bpf\/a\.ts:1: imports what it has to stand without: "\.\.\/seccomp\/turns\.ts"/,
    ],
    [
      "the bpf sensor imported by the seccomp sensor",
      {
        "packages/linux/src/sensor/seccomp/calls/a.ts": 'import "../../bpf/b.ts";\n',
        "packages/linux/src/sensor/bpf/b.ts": "export {};\n",
      },
      /seccomp\/calls\/a\.ts:1: imports what it has to stand without: "\.\.\/\.\.\/bpf\/b\.ts"/,
    ],
    [
      "a path into another package",
      { [event]: 'import "../../../linux/src/index.ts";\n' },
      /imports another package by a path/,
    ],
    [
      "a private file of another package",
      { "packages/linux/src/sensor/a.ts": 'import "@isoline/core/dist/event/event.js";\n' },
      /may not import "@isoline\/core\/dist/,
    ],
    [
      "the root of the core, which is for users",
      { "packages/linux/src/sensor/a.ts": 'import "@isoline/core";\n' },
      /linux\/sensor may not import "@isoline\/core"/,
    ],
    [
      "an import by a computed name",
      { [event]: 'const name = "node:fs";\nawait import(name);\n' },
      /event\.ts:2: imports by a computed name/,
    ],
    [
      "an import that the page may not have",
      { "packages/dashboard/src/main.tsx": 'import "node:fs";\n' },
      /dashboard\/main may not import "node:fs"/,
    ],
    ["a require", { [event]: 'require("fs");\n' }, /core\/event may not import "fs"/],
    ["a folder without a row", { "packages/core/src/attic/a.ts": "export {};\n" }, /"attic" has no row/],
    [
      "folders of one layer that import each other",
      {
        "packages/linux/src/sensor/a/a.ts": 'import "../b/b.ts";\n',
        "packages/linux/src/sensor/b/b.ts": 'import "./c.ts";\n',
        "packages/linux/src/sensor/b/c.ts": 'import "../a/a.ts";\n',
      },
      /sensor\/b\/c\.ts: imports .*sensor\/a\/a\.ts, which imports it in turn/,
    ],
    [
      "files of one folder that import each other",
      {
        "packages/core/src/event/one.ts": 'import "./two.ts";\n',
        "packages/core/src/event/two.ts": 'import type { A } from "./one.ts";\n',
      },
      /event\/two\.ts: imports .*event\/one\.ts, which imports it in turn/,
    ],
    [
      "a dependency that no folder may import",
      manifestWith("core", { koffi: "3.3.4" }),
      /core\/package\.json: none of its folders may import "koffi"/,
    ],
    ["a file that cannot be parsed", { [event]: "export const = 1;\n" }, /event\.ts: cannot be parsed/],
  ],
  manners: [
    ["a file that is too long", { [event]: "export {};\n".repeat(401) }, /event\.ts: 401 lines/],
    ["a file without a telling name", { "packages/core/src/event/utils.ts": "export {};\n" }, /"utils" does not name/],
    [
      "an error without a code",
      { [event]: 'export const codes = () => {\n  throw new Error("no");\n};\n' },
      /event\.ts:2: a bare Error/,
    ],
  ],
  "dead-code": [
    [
      "an export that nothing imports",
      {
        [event]: "export const codes = 1;\n",
        "packages/core/src/event/phrase.ts": "export const a = 1;\nexport const b = 2;\n",
        ...coreIndex('export { a } from "./event/phrase.ts";\n'),
      },
      /Unused exports[^]*\bb\b.*phrase\.ts/,
    ],
    ["a file that nothing imports", { "packages/core/src/event/lost.ts": "export {};\n" }, /Unused files[^]*lost\.ts/],
    [
      "an import that no manifest lists",
      { ...coreIndex('export * from "koffi";\n') },
      /Unlisted dependencies[^]*koffi/,
    ],
    ["a dependency that nothing imports", manifestWith("linux", { koffi: "3.3.4" }), /Unused dependencies[^]*koffi/],
  ],
  dependencies: [
    ["a dependency without a line on the page", manifestWith("linux", { koffi: "3.3.4" }), /"koffi" has no line/],
    [
      "a line without a dependency",
      { "docs/dependencies.md": "| `koffi` | a | b | c |\n" },
      /"koffi" is a dependency of no package/,
    ],
    [
      "a line without a reason",
      { ...manifestWith("linux", { koffi: "3.3.4" }), "docs/dependencies.md": "| `koffi` | a |  | c |\n" },
      /"koffi" needs 3 filled cells/,
    ],
    [
      "a range of versions",
      { ...manifestWith("linux", { koffi: "^3.3.4" }), "docs/dependencies.md": "| `koffi` | a | b | c |\n" },
      /"koffi" is not pinned/,
    ],
    [
      "a lockfile that names one registry",
      lockfile({ resolved: "https://registry.example/a.tgz", integrity: "sha512-a" }),
      /node_modules\/a is bound to/,
    ],
    ["a lockfile without a digest", lockfile({ version: "1.0.0" }), /node_modules\/a has no sha512 digest/],
  ],
  "error-page": [
    [
      "a table that differs from the page",
      { "packages/core/src/error.ts": "export const coreErrors = { sealed: 'Sealed.' } as const;\n" },
      /run npm run docs/,
    ],
    [
      "a table that cannot be read",
      { "packages/core/src/error.ts": "export const coreErrors = { sealed: String(1) };\n" },
      /expected a plain string as the meaning of an error/,
    ],
  ],
  "api-page": [
    [
      "a public name without a docstring",
      { "packages/isoline/src/index.ts": "export function learn() {}\n" },
      /learn is public and has no docstring/,
    ],
    [
      "a public name without an example",
      { "packages/isoline/src/index.ts": "/** Learns. */\nexport function learn() {}\n" },
      /learn is public and has no example/,
    ],
    [
      "a docstring that differs from the page",
      {
        "packages/isoline/src/index.ts":
          "/**\n * Learns.\n *\n * @example\n * learn();\n */\nexport function learn() {}\n",
      },
      /docs\/api\.md does not match the docstrings; run npm run docs/,
    ],
  ],
  "command-page": [
    [
      "a grammar that differs from the page",
      {
        "packages/isoline/dist/cli/program.js":
          "export const isolineProgram = () => ({ createHelp: () => ({ visibleCommands: () => [] }) });\n",
      },
      /commands\.md differs from the grammar; run npm run build && npm run docs/,
    ],
  ],
  "plain-words": [
    [
      "such a word in the page",
      { "packages/dashboard/src/main.tsx": "// a\n/** Somebody looks. */\nexport {};\n" },
      /main\.tsx:2: "Somebody"; instead/,
    ],
    ["a word of a private dialect", { "README.md": "Somebody reads it.\n" }, /README\.md:1: "Somebody"; instead/],
    ["a line that is too long", { "README.md": `${"a".repeat(140)}.\n` }, /README\.md:1: a line of 141 letters/],
    ["a sentence that is too long", { "README.md": `${"a ".repeat(46)}.\n` }, /README\.md:1: a sentence of 46 words/],
  ],
  documents: [
    ["a link to a missing file", { "README.md": "[a](docs/lost.md)\n" }, /README\.md:1: docs\/lost\.md leads nowhere/],
    [
      "a link to a missing section",
      { "README.md": "\n[a](docs/errors.md#lost)\n" },
      /README\.md:2: docs\/errors\.md has no section #lost/,
    ],
    ["a link out of the repository", { "README.md": "[a](../lost.md)\n" }, /leads out of the repository/],
    ["a missing script", { "README.md": "Run `npm run lost`.\n" }, /no script "lost"/],
    [
      "a missing command",
      {
        "README.md": "```\n$ isoline lost a.contour\n$ isoline show a.contour\n```\n",
        "packages/isoline/bin/isoline":
          "#!/bin/sh\nprintf 'Usage: isoline\\n\\nCommands:\\n  show FILE   the contour for people\\n'\n",
      },
      /^README\.md:2: isoline has no command "lost"\n$/,
    ],
    [
      "a user's home directory",
      { "README.md": `Unpack to /${"home"}/miller/isoline.\n` },
      /README\.md:1: names something of one machine: \/home\/miller/,
    ],
    [
      "a registry",
      { ".npmrc": `registry=https://${"registry"}.npmjs.org/\n` },
      /\.npmrc:1: names something of one machine/,
    ],
  ],
};

describe.each(checks.map(({ name }) => name))("the check %s", (name) => {
  it("passes on a tree in order", async () => {
    using tree = new TinyTree();
    expect(await check(name, tree.root)).toMatchObject({ status: 0 });
  });

  it.each(cases[name] ?? [])("reports %s", async (_wrong, changes, says) => {
    using tree = new TinyTree(changes);
    const { status, output } = await check(name, tree.root);
    expect(output).toMatch(says);
    expect(status).toBe(1);
  });

  it("has at least one failing case", () => {
    expect(cases[name]?.length ?? 0).toBeGreaterThan(0);
  });
});

describe("a check that passed", () => {
  const unchanged = expect.objectContaining({ status: 0, note: "unchanged since it passed" });

  it("is not run again for the same tree, and is for any other, as often as that fails", async () => {
    using tree = new TinyTree();
    expect(await check("types", tree.root)).not.toEqual(unchanged);
    expect(await check("types", tree.root)).toEqual(unchanged);
    tree.write("README.md", "# Tiny\n");
    expect(await check("types", tree.root), "documents have no types").toEqual(unchanged);
    tree.write(event, 'export const codes: number = "1";\n');
    expect(await check("types", tree.root)).toMatchObject({ status: 1 });
    expect(await check("types", tree.root)).toMatchObject({ status: 1 });
  });

  it.each([
    ["a document", "README.md", "Unpack and whom.\n"],
    ["the configuration", "biome.json", "{}\n"],
    ["a file that is new", "packages/core/src/late.ts", "export {};\n"],
    ["a declaration that was built", "packages/core/dist/index.d.ts", "export {};\n"],
  ])("runs again after a change of %s", async (_what, path, text) => {
    using tree = new TinyTree();
    await check("plain-words", tree.root);
    expect(await check("plain-words", tree.root)).toEqual(unchanged);
    tree.write(path, text);
    expect(await check("plain-words", tree.root)).not.toEqual(unchanged);
  });
});

describe("a check without any source", () => {
  it.each([
    ["layers", "packages/linux/src"],
    ["manners", "packages"],
  ])("fails: %s without %s", async (name, folder) => {
    using tree = new TinyTree();
    tree.remove(folder);
    const { status, output } = await check(name, tree.root);
    expect(output).toMatch(/no sources found/);
    expect(status).toBe(1);
  });
});
