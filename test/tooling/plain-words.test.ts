/** The check of plain words reports each rule once, and accepts what is allowed. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MOST_LETTERS, MOST_WORDS, banned, bannedNames } from "../../tools/plain-words.mjs";
import { repository } from "../../tools/run.mjs";
import { TinyTree } from "./tiny-tree.ts";

const PAGE = "docs/page.md";
const SOURCE = "packages/core/src/event/words.ts";
const words = (count: number) => `${Array.from({ length: count }, () => "word").join(" ")}.`;
const wrapped = (count: number) => words(count).replaceAll(/((?:word ){20})/g, "$1\n");

function judged(changes: Readonly<Record<string, string>>, paths: readonly string[] = []) {
  using tree = new TinyTree(changes);
  const { status, stdout } = spawnSync(process.execPath, [join(repository, "tools/plain-words.mjs"), ...paths], {
    cwd: tree.root,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, lines: stdout.split("\n").filter((line) => line !== "") };
}

/** For each rule a sentence that breaks it, in the order of the rules. */
const broken: readonly string[] = [
  "Whoever comes first wins.",
  "The process for whom it waits.",
  "Somebody may write to it.",
  "Nobody reads it.",
  "What of it is kept.",
  "The kernel half decides.",
  "The posture is to refuse.",
  "It is on the desk.",
  "It took a namespace for over.",
  "A rule that is none.",
  "No such tool is to be had.",
  "It is found upon a lookup.",
  "Each room has a door.",
];
const brokenNames = ["const freeDesk = 1;", "const posture = 1;", "const kernelHalf = 1;"];

describe("plain words", () => {
  it("has a sentence for every rule", () => {
    expect(broken).toHaveLength(banned.length);
    expect(brokenNames).toHaveLength(bannedNames.length);
  });

  it.each(broken)("reports in a document: %s", (sentence) => {
    const { status, lines } = judged({ [PAGE]: `# Page\n\n${sentence}\n` });
    expect(lines).toEqual([expect.stringMatching(/^docs\/page\.md:3: ".+"; instead: /)]);
    expect(status).toBe(1);
  });

  it.each([
    ["a comment of several lines", `/**\n * A sentence.\n * Somebody writes.\n */\nexport const a = 1;\n`, SOURCE, 3],
    ["a comment at the end of a line", `export const a = 1; // Somebody writes.\n`, SOURCE, 1],
    ["a message", `\n\nexport const a = "expected that somebody writes";\n`, SOURCE, 3],
    ["a comment in C", `int a; /* "quoted" */\nint b; /* Somebody writes. */\n`, "packages/linux/bpf/words.c", 2],
    ["a comment in a script", `set -e\n# Somebody writes.\n`, "tools/words.sh", 2],
    ["a docstring", `"""Reads.\n\nSomebody writes.\n"""\n`, "test/spec/words.py", 3],
    ["a table", `| a |\n| --- |\n| somebody writes |\n`, PAGE, 3],
  ])("reads %s", (_where, text, path, line) => {
    const { status, lines } = judged({ [path]: text });
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^${path}:${line}: "[Ss]omebody"`))]);
    expect(status).toBe(1);
  });

  it.each(brokenNames)("reports a name: %s", (text) => {
    const { status, lines } = judged({ [SOURCE]: `export ${text}\n` });
    expect(lines).toEqual([expect.stringMatching(/words\.ts:1: /)]);
    expect(status).toBe(1);
  });

  it("reports a line that is too long, and accepts one of the greatest length", () => {
    const long = (letters: number) => `${"a".repeat(letters - 1)}.`;
    expect(judged({ [PAGE]: `${long(MOST_LETTERS)}\n` }).status).toBe(0);
    const { status, lines } = judged({ [PAGE]: `${long(MOST_LETTERS + 1)}\n` });
    expect(lines).toEqual([expect.stringMatching(/page\.md:1: a line of 141 letters/)]);
    expect(status).toBe(1);
  });

  it("reports a sentence that is too long, wherever its lines are broken, and accepts one of the greatest length", () => {
    expect(judged({ [PAGE]: `Short.\n${wrapped(MOST_WORDS)}\n` }).status).toBe(0);
    const { status, lines } = judged({ [PAGE]: `Short.\n\n${wrapped(MOST_WORDS + 1)}\n` });
    expect(lines).toEqual([expect.stringMatching(/page\.md:3: a sentence of 46 words/)]);
    expect(status).toBe(1);
  });

  it("counts the words of a comment over several lines", () => {
    const comment = wrapped(MOST_WORDS + 1).replaceAll("\n", "\n// ");
    expect(judged({ [SOURCE]: `// ${comment}\nexport const a = 1;\n` }).status).toBe(1);
  });

  it.each([
    ["code blocks", "```\nsomebody wins\n```\n"],
    ["code in a line", "The variable `somebody` is read.\n"],
    ["quotes", "> Whoever wins.\n"],
    ["sentences of tables", `| ${words(50)} |\n| --- |\n`],
    ["the user of that name", "It runs as nobody, by `su nobody`.\n"],
    ["room that is space", "There is room for eight, and no more room.\n"],
  ])("leaves alone %s", (_what, text) => {
    expect(judged({ [PAGE]: text })).toEqual({ status: 0, lines: [] });
  });

  it.each(["LICENSES/GPL.md", "site/pages/page.md", "test/spec/fixtures/page.md"])("leaves alone %s", (path) => {
    expect(judged({ [path]: "Somebody wins.\n" })).toEqual({ status: 0, lines: [] });
  });

  it("checks the given folders and files, and no others", () => {
    const changes = { [PAGE]: "Somebody wins.\n", [SOURCE]: "export const a = 1;\n" };
    expect(judged(changes, ["packages/core"]).status).toBe(0);
    expect(judged(changes, ["packages/core", PAGE]).status).toBe(1);
  });

  it("fails if there is nothing to check", () => {
    expect(judged({ "empty/a.bin": "" }, ["empty"])).toEqual({
      status: 1,
      lines: ["no documents or sources found, so there is nothing to check"],
    });
  });
});
