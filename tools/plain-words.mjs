/**
 * `node tools/plain-words.mjs [PATH…]` checks that comments, documents and messages are plain English: no banned word, no line
 * and no sentence that is too long. Prints one line for each violation, and ends with status 1 if there is any.
 */
import { readFileSync, statSync } from "node:fs";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { proseOf } from "./prose.mjs";
import { filesUnder } from "./sources.mjs";

export const MOST_LETTERS = 140;
export const MOST_WORDS = 45;

/**
 * Banned words, and what to write instead. `nobody` is also the name of a user, and is allowed as such.
 *
 * @type {readonly { words: RegExp, say: string }[]}
 */
export const banned = [
  { words: /\bwho(so)?ever\b/i, say: "name the subject: the task that …, the process that …" },
  { words: /\bwhom(ever)?\b/i, say: "name the person or the process" },
  { words: /\bsome(body|one)\b/i, say: "name the subject: another process, a user, the workload" },
  {
    words: /(?<!\b(?:user|as|owner|uid|-u|su|group) )(?<!["`(=:/,])\bnobody\b(?!["`:=)/]| \(65534\)|\s+0\b)/i,
    say: "name the subject: no process, no task, no program",
  },
  { words: /\bwhat of (it|them)\b/i, say: "name what is meant" },
  { words: /\bkernel half\b/i, say: "the BPF programs" },
  { words: /\bpostures?\b/i, say: "default action" },
  { words: /\bdesks?\b/i, say: "scratch buffer" },
  { words: /\b(take|takes|took|taken)\b[^.]{0,40}\bfor over\b/i, say: "counted … as ended" },
  { words: /\b(that|which|what) (is|are) none\b/i, say: "say what it is not: that is not a rule" },
  { words: /\b(is|are) to be had\b/i, say: "is available" },
  { words: /\b(whence|thereof|wherein|therein|herein|hitherto|upon|whilst|lest)\b/i, say: "a word of today" },
  {
    words:
      /(?<!\b(more|enough|no|has|have|for|leaves|leaving|make|makes|is|much|set|with) )\brooms?\b(?! (for|left|in|to|on|is set)\b)/i,
    say: "folder, file or module",
  },
];

/** Names in the code that were private words. */
export const bannedNames = [
  { words: /desk(?!top)/i, say: "scratch buffer" },
  { words: /posture/i, say: "default action" },
  { words: /kernel_?half/i, say: "BPF programs" },
];

/** @type {readonly { path: RegExp, why: string }[]} */
const excluded = [
  { path: /^LICENSE/, why: "licence texts" },
  { path: /(^|\/)vmlinux\.h$/, why: "generated from the kernel" },
  { path: /(^|\/)package-lock\.json$/, why: "generated" },
  { path: /^site\/(pages|node_modules)\//, why: "copies, made by npm run site" },
  { path: /^tools\/plain-words\.mjs$|^test\/tooling\/(plain-words|checks)\.test\.ts$/, why: "they name the words" },
];

/** @param {string} root @param {readonly string[]} [paths] @returns {string[]} */
export function plainWordViolations(root, paths = [""]) {
  const files = paths
    .flatMap((path) => (path !== "" && statSync(join(root, path)).isFile() ? [path] : filesUnder(root, path)))
    .filter((path) => !excluded.some((one) => one.path.test(path)));
  const found = files.map((path) => violationsOf(path, readFileSync(join(root, path), "utf8")));
  if (found.every((one) => one === undefined)) return ["no documents or sources found, so there is nothing to check"];
  return found.flatMap((one) => one ?? []);
}

/** @param {string} path @param {string} text @returns {string[] | undefined} nothing for a kind of file without prose */
function violationsOf(path, text) {
  const prose = proseOf(path, text);
  if (prose === undefined) return undefined;
  const { lines, paragraphs, strings, names } = prose;
  const whole = text.split("\n");
  const longLines = [...new Set(lines.filter((each) => !/^\s*\|/.test(each.text)).map(({ line }) => line))].flatMap(
    (line) => {
      const { length } = whole[line - 1] ?? "";
      return length > MOST_LETTERS ? [{ line, says: `a line of ${length} letters; at most ${MOST_LETTERS}` }] : [];
    },
  );
  const found = [
    ...[{ text: path, line: 1 }, ...names].flatMap((each) => bannedIn(each, bannedNames)),
    ...[...lines.map(withoutCode), ...strings].flatMap((each) => bannedIn(each, banned)),
    ...longLines,
    ...paragraphs.flatMap(longSentences),
  ];
  return found.sort((a, b) => a.line - b.line).map(({ line, says }) => `${path}:${line}: ${says}`);
}

/**
 * @param {import("./prose.mjs").Line} line
 * @param {readonly { words: RegExp, say: string }[]} list
 */
const bannedIn = ({ text, line }, list) =>
  list.flatMap(({ words, say }) => {
    const word = words.exec(text)?.[0];
    return word === undefined ? [] : [{ line, says: `"${word}"; instead: ${say}` }];
  });

const withoutCode = (/** @type {import("./prose.mjs").Line} */ { text, line }) => ({
  text: text.replace(/`[^`]*`/g, "`…`"),
  line,
});

/** @param {import("./prose.mjs").Line[]} paragraph */
function longSentences(paragraph) {
  const text = paragraph.map((line) => line.text.trim()).join(" ");
  const first = paragraph[0]?.line ?? 0;
  return text
    .replace(/`[^`]*`/g, "code")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .split(/(?<=[.!?]["')*_]*)\s+/)
    .flatMap((sentence) => {
      const count = sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
      const begins = sentence.split(" ").slice(0, 5).join(" ");
      return count > MOST_WORDS
        ? [{ line: first, says: `a sentence of ${count} words; at most ${MOST_WORDS}: ${begins} …` }]
        : [];
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const paths = process.argv.slice(2).map((path) => normalize(path).replace(/\/$/, ""));
  const violations = plainWordViolations(
    process.cwd(),
    paths.length === 0 ? [""] : paths.map((path) => (path === "." ? "" : path)),
  );
  for (const violation of violations) console.log(violation);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
