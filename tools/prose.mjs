/**
 * The prose of a file: its comments, the text of a document, and the sentences among its strings. Code, tables, drawings and
 * quotes are left out.
 *
 * @typedef {{ text: string, line: number }} Line
 * @typedef {object} Prose
 * @property {Line[]} lines text for readers, line by line, tables included
 * @property {Line[][]} paragraphs the same in paragraphs; list items, headings and tags begin one; tables are left out
 * @property {Line[]} strings sentences that the program writes
 * @property {Line[]} names the identifiers of the program
 */
import { Visitor, parseSync } from "oxc-parser";
import { lineAt } from "./sources.mjs";

/** @param {string} path @param {string} text @returns {Prose | undefined} nothing for a kind of file without prose */
export function proseOf(path, text) {
  if (path.endsWith(".md")) return { ...inParagraphs([asLines(text)], false), strings: [], names: [] };
  if (/\.(tsx?|mjs|cjs|js)$/.test(path)) return proseOfScript(path, text);
  if (/\.[ch]$/.test(path)) return { ...inParagraphs(commentsOfC(text), true), strings: [], names: namesIn(text) };
  if (/\.(py|sh|pl|toml|ya?ml)$|(^|\/)Containerfile$/.test(path))
    return { ...inParagraphs(commentsByHash(text), true), strings: [], names: [] };
  return undefined;
}

/** @param {string} path @param {string} text @returns {Prose} */
function proseOfScript(path, text) {
  const { comments, program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: cannot be parsed: ${errors[0]?.message}`);
  /** @type {Line[]} */
  const strings = [];
  /** @type {Line[]} */
  const names = [];
  const keep = (/** @type {number} */ start, /** @type {string} */ value) => {
    if (value.trim().split(/\s+/).length >= 3) strings.push({ text: value, line: lineAt(text, start) });
  };
  new Visitor({
    Literal: (node) => {
      if (typeof node.value === "string") keep(node.start, node.value);
    },
    JSXText: ({ value, start }) => keep(start, value),
    TemplateLiteral: ({ quasis, start }) => keep(start, quasis.map(({ value }) => value.raw).join("…")),
    Identifier: ({ name, start }) => void names.push({ text: name, line: lineAt(text, start) }),
  }).visit(program);
  const blocks = comments.map(({ value, start, type }) => ({
    lines: asLines(value, lineAt(text, start)),
    alone: text.slice(text.lastIndexOf("\n", start - 1) + 1, start).trim() === "",
    joins: type === "Line",
  }));
  return { ...inParagraphs(joined(blocks), true), strings, names };
}

/** Line comments directly below each other are one comment. */
function joined(/** @type {{ lines: Line[], alone: boolean, joins: boolean }[]} */ blocks) {
  /** @type {Line[][]} */
  const comments = [];
  let last = { line: -1, joins: false };
  for (const { lines, alone, joins } of blocks) {
    const line = lines[0]?.line ?? 0;
    if (joins && alone && last.joins && line === last.line + 1) comments.at(-1)?.push(...lines);
    else comments.push([...lines]);
    last = { line, joins };
  }
  return comments;
}

/** @param {string} text @returns {Line[][]} */
function commentsOfC(text) {
  const blocks = [...text.matchAll(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[^]*?\*\/|\/\/[^\n]*/g)]
    .filter(([found]) => found.startsWith("/"))
    .map(({ 0: found, index }) => ({
      lines: asLines(found.replace(/^\/[/*]|\*\/$/g, ""), lineAt(text, index)),
      alone: text.slice(text.lastIndexOf("\n", index - 1) + 1, index).trim() === "",
      joins: found.startsWith("//"),
    }));
  return joined(blocks);
}

/** Identifiers of a C source, without its comments and strings. */
const namesIn = (/** @type {string} */ text) =>
  asLines(text.replace(/\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|\/\/[^\n]*/g, (found) => found.replace(/[^\n]/g, " ")));

/** `# …` on lines of their own, and docstrings. */
function commentsByHash(/** @type {string} */ text) {
  const docstrings = [...text.matchAll(/^[ \t]*"""([^]*?)"""/gm)].map(({ 1: found = "", index }) =>
    asLines(found, lineAt(text, index)),
  );
  const blocks = asLines(text)
    .filter(({ text: line }) => /^\s*#(?!!)/.test(line))
    .map(({ text: line, line: number }) => ({
      lines: [{ text: line.replace(/^\s*#/, ""), line: number }],
      alone: true,
      joins: true,
    }));
  return [...joined(blocks), ...docstrings];
}

/** @param {string} text @param {number} [first] @returns {Line[]} */
const asLines = (text, first = 1) => text.split("\n").map((line, index) => ({ text: line, line: first + index }));

const TABLE = /^\s*\|/;
const QUOTE = /^\s*>/;
const DRAWING = /[│┌└├┐┘┤▼▲]|──/;
/** In comments, code and columns are indented by four or more spaces. */
const SET_IN = /^\s{4,}\S/;
/** Two columns: a name, and its meaning. */
const COLUMNS = /\S {2,}\S/;
const BEGINS = /^\s*(#{1,6}\s|[-*+]\s|\d+[.)]\s|@\w)/;

/** @param {Line[][]} texts @param {boolean} comments @returns {Pick<Prose, "lines" | "paragraphs">} */
function inParagraphs(texts, comments) {
  /** @type {Line[]} */
  const lines = [];
  /** @type {Line[][]} */
  const paragraphs = [];
  for (const text of texts) {
    let fenced = false;
    /** @type {Line[] | undefined} */
    let paragraph;
    for (const { text: whole, line } of text) {
      const bare = comments ? whole.replace(/^\s*\*+ ?/, "").replace(/^ /, "") : whole;
      const fence = /^\s*(```|~~~)/.test(bare);
      if (fence) fenced = !fenced;
      if (fence || fenced || QUOTE.test(bare) || DRAWING.test(bare) || (comments && SET_IN.test(bare))) {
        paragraph = undefined;
        continue;
      }
      lines.push({ text: bare, line });
      if (bare.trim() === "" || TABLE.test(bare) || (comments && COLUMNS.test(bare))) {
        paragraph = undefined;
        continue;
      }
      if (paragraph === undefined || BEGINS.test(bare)) paragraphs.push((paragraph = []));
      paragraph.push({ text: bare, line });
      if (/^#{1,6}\s/.test(bare)) paragraph = undefined;
    }
  }
  return { lines, paragraphs };
}
