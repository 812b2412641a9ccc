/**
 * `docs/api.md`, made from the docstrings of what the packages export. A name without a docstring is a violation, as is one
 * without an example that is no type; test/library/examples.test.ts runs the examples.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { readSource } from "./sources.mjs";

export const API_PAGE = "docs/api.md";

/** What is documented: what can be imported, and the file that exports it. The other subpaths of the core are for the packages here. */
const entries = [
  { name: "isoline", file: "packages/isoline/src/index.ts", title: "Running commands, and contours on disk" },
  { name: "@isoline/core", file: "packages/core/src/index.ts", title: "Contours and events as text and bytes" },
  { name: "@isoline/core/verify", file: "packages/core/src/verify/index.ts", title: "Verifying contours without Node" },
];

const PREFACE = `# The library

<!-- Made by \`npm run docs\` from the docstrings in packages/isoline/src and packages/core/src. Change these, not this page. -->

The command line uses the functions below itself. Every example runs as a test; \`// prints:\` says what it prints. Interfaces may
change before version 1. How runs are watched and what is guaranteed is in [guarantees](guarantees/README.md); the report is described
[on its page](report.md); errors carry one of [these codes](errors.md).

The other subpaths of \`@isoline/core\`, one for each folder (\`/event\`, \`/identity\`, \`/engine\`, …), hold what isoline's own packages
need, and may change in any version.
`;

/**
 * @typedef {object} Documented
 * @property {string} entry what it is imported from
 * @property {string} name as a user writes it: `learn`, `contours.read`
 * @property {"function" | "class" | "constant" | "type"} kind
 * @property {string} signature
 * @property {string} text the docstring without its example
 * @property {string | undefined} example
 * @property {string} file
 */

/** @typedef {any} Node a syntax node */

/** @param {string} root @returns {Documented[]} every public name, in the order of the exports */
export function publicNames(root) {
  return entries
    .filter(({ file }) => existsSync(join(root, file)))
    .flatMap(({ name, file }) => exportsOf(root, file).map((each) => ({ ...each, entry: name })));
}

/** @param {string} root @returns {string} */
export function apiPage(root) {
  const names = publicNames(root);
  const sections = entries.map(({ name, title }) => {
    const own = names.filter(({ entry }) => entry === name);
    const calls = own.filter(({ kind }) => kind !== "type").map(described);
    const types = own.filter(({ kind }) => kind === "type").map(described);
    return [`## \`${name}\``, title + ".", ...calls, `### Types of \`${name}\``, ...types].join("\n\n");
  });
  return `${[PREFACE.trimEnd(), ...sections].join("\n\n")}\n`;
}

/** @param {string} root @returns {string[]} */
export function apiPageViolations(root) {
  if (publicNames(root).length === 0) return [`skipped: ${API_PAGE} (nothing is exported)`];
  const faults = publicNames(root).flatMap(({ name, kind, text, example, file }) => [
    ...(text === "" ? [`${file}: ${name} is public and has no docstring`] : []),
    ...(kind !== "type" && example === undefined ? [`${file}: ${name} is public and has no example`] : []),
  ]);
  const page = join(root, API_PAGE);
  const current = existsSync(page) ? readFileSync(page, "utf8") : "";
  return current === apiPage(root)
    ? faults
    : [...faults, `${API_PAGE} does not match the docstrings; run npm run docs`];
}

/** @param {Documented} one */
function described({ name, kind, signature, text, example }) {
  const title = kind === "type" ? `#### \`${name}\`` : `### \`${name}\``;
  const code = (/** @type {string} */ source) => `\`\`\`ts\n${source}\n\`\`\``;
  return [title, text, code(signature), ...(example === undefined ? [] : ["Example:", code(example)])].join("\n\n");
}

/**
 * @param {string} root @param {string} file @param {string} [wanted] one name alone
 * @returns {Omit<Documented, "entry">[]}
 */
function exportsOf(root, file, wanted) {
  const source = readSource(root, file);
  const from = (/** @type {Node} */ node) => normalize(join(dirname(file), node.source.value));
  /** @type {Omit<Documented, "entry">[]} */
  const found = [];
  for (const node of source.parsed.program.body) {
    const statement = /** @type {Node} */ (node);
    if (statement.type === "ExportAllDeclaration" && statement.exported)
      found.push(
        ...exportsOf(root, from(statement)).map((one) => ({ ...one, name: `${statement.exported.name}.${one.name}` })),
      );
    if (statement.type !== "ExportNamedDeclaration") continue;
    // Another package here needs it; a user does not.
    if (wanted === undefined && docstringOf(source, statement) === "@internal") continue;
    if (statement.declaration) found.push(documented(source, statement));
    if (statement.source === null) continue;
    for (const { local, exported } of statement.specifiers) {
      if (!statement.source.value.startsWith("."))
        found.push(...exportsOf(root, fileOf(root, statement.source.value), local.name));
      else found.push(...exportsOf(root, from(statement), local.name).map((one) => ({ ...one, name: exported.name })));
    }
  }
  // Of an overloaded function the first form has the docstring.
  const first = found.filter(({ name }, index) => found.findIndex((one) => one.name === name) === index);
  const own = wanted === undefined ? first : first.filter(({ name }) => name === wanted);
  if (wanted === undefined || own.length > 0) return own;
  return source.parsed.program.body
    .filter((/** @type {Node} */ node) => node.type === "ExportAllDeclaration" && !node.exported)
    .flatMap((/** @type {Node} */ node) => exportsOf(root, from(node), wanted));
}

/** The file behind a subpath of the core. @param {string} root @param {string} specifier */
function fileOf(root, specifier) {
  const part = specifier.replace("@isoline/core", "packages/core/src");
  return existsSync(join(root, `${part}.ts`)) ? `${part}.ts` : `${part}/index.ts`;
}

/** @param {import("./sources.mjs").Source} source @param {Node} statement @returns {string} "" if there is none */
function docstringOf({ text, parsed }, { start }) {
  const comment = parsed.comments.findLast(({ end }) => end <= start);
  const isOwn =
    comment?.type === "Block" && comment.value.startsWith("*") && text.slice(comment.end, start).trim() === "";
  return isOwn ? unstarred(comment.value) : "";
}

/** @param {import("./sources.mjs").Source} source @param {Node} statement @returns {Omit<Documented, "entry">} */
function documented(source, statement) {
  const { path, text } = source;
  const { declaration } = statement;
  const [words = "", example] = docstringOf(source, statement).split(/^@example\n/m);
  const kinds = /** @type {Record<string, Documented["kind"]>} */ ({
    FunctionDeclaration: "function",
    TSDeclareFunction: "function",
    ClassDeclaration: "class",
    VariableDeclaration: "constant",
  });
  return {
    name: (declaration.declarations?.[0] ?? declaration).id.name,
    kind: kinds[declaration.type] ?? "type",
    signature: signatureOf(text, declaration),
    text: words.trim(),
    example: example?.trim(),
    file: path,
  };
}

/** What a reader has to know to use it: no bodies, and of a class what is public. @param {string} text @param {Node} node */
function signatureOf(text, node) {
  const upTo = (/** @type {Node} */ one, /** @type {Node} */ body) =>
    text.slice(one.start, body?.start ?? one.end).trim();
  const constant = node.declarations?.[0].id;
  if (constant?.typeAnnotation) return `const ${text.slice(constant.start, constant.end)}`;
  if (node.type !== "ClassDeclaration")
    return node.body?.type === "BlockStatement" ? upTo(node, node.body) : text.slice(node.start, node.end);
  const members = node.body.body
    .filter((/** @type {Node} */ { key, kind }) => key?.type !== "PrivateIdentifier" && kind !== "constructor")
    .map((/** @type {Node} */ member) => {
      const before = text.slice(0, member.start).trimEnd();
      const doc = before.endsWith("*/") ? `  ${before.slice(before.lastIndexOf("/**"))}\n` : "";
      return `${doc}  ${upTo(member, member.value?.body).replace(/;?$/, ";")}`;
    });
  return `${upTo(node, node.body)} {\n${members.join("\n")}\n}`;
}

/** @param {string} comment without its delimiters */
function unstarred(comment) {
  return comment
    .slice(1)
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
}
