/** `docs/errors.md`, generated from the error tables in the sources, so that the page and the code cannot disagree. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Visitor } from "oxc-parser";
import { readSource } from "./sources.mjs";

export const ERROR_PAGE = "docs/errors.md";

/** The file of each package's table, and its heading on the page, from the lowest layer to the highest. */
const tables = [
  { file: "packages/core/src/error.ts", name: "coreErrors", title: "Core: events, contours, the engine" },
  { file: "packages/linux/src/error.ts", name: "linuxErrors", title: "Linux: the kernel and the sensors" },
  { file: "packages/attest/src/error.ts", name: "attestErrors", title: "Attestation: TPMs and evidence" },
  { file: "packages/log/src/error.ts", name: "logErrors", title: "Transparency: logs and witnesses" },
  { file: "packages/verifier/src/error.ts", name: "verifierErrors", title: "Fleet: the verifier" },
  { file: "packages/isoline/src/error.ts", name: "cliErrors", title: "Command line and namespaces" },
];

const PREFACE = `# Errors

<!-- Made by \`npm run docs\` from the tables in packages/*/src/error.ts. Change the table, not this page. -->

Every error of isoline has one of these codes as \`error.code\`. Codes are stable, messages are not. A message says what was
expected, what isoline got, and what to do next.
`;

/** @param {string} root @returns {string} the page, as generated from the tables */
export function errorPage(root) {
  const sections = tables
    .filter(({ file }) => existsSync(join(root, file)))
    .map(({ file, name, title }) => {
      const rows = readTable(root, file, name).map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |`);
      return [`## ${title}`, "", "| code | meaning |", "| --- | --- |", ...rows, ""].join("\n");
    });
  return [PREFACE, ...sections].join("\n");
}

/** @param {string} root @returns {string[]} */
export function errorPageViolations(root) {
  const page = join(root, ERROR_PAGE);
  const current = existsSync(page) ? readFileSync(page, "utf8") : "";
  return current === errorPage(root) ? [] : [`${ERROR_PAGE} differs from the tables; run npm run docs`];
}

/**
 * Reads `export const NAME = { code: "meaning", … } as const` from the syntax tree, without running the file.
 *
 * @param {string} root @param {string} file @param {string} name @returns {[code: string, meaning: string][]}
 */
function readTable(root, file, name) {
  /** @type {[string, string][] | undefined} */
  let table;
  new Visitor({
    VariableDeclarator: ({ id, init }) => {
      if (id.type !== "Identifier" || id.name !== name) return;
      const object = withoutTypes(init);
      if (object?.type !== "ObjectExpression") return;
      table = object.properties.map((/** @type {Node} */ property) => [
        key(property, file),
        text(property.value, file),
      ]);
    },
  }).visit(readSource(root, file).parsed.program);
  if (table === undefined) throw new Error(`${file}: expected "export const ${name} = { … } as const", found none`);
  return table;
}

/** @typedef {any} Node a syntax node; any form that is not expected is refused below */

/** @param {Node} node @returns {Node} */
const withoutTypes = (node) =>
  node?.type === "TSAsExpression" || node?.type === "TSSatisfiesExpression" ? withoutTypes(node.expression) : node;

/** @param {Node} property @param {string} file @returns {string} */
function key(property, file) {
  if (property.type !== "Property" || property.computed)
    throw new Error(`${file}: expected a plain name as the code of an error`);
  return property.key.name ?? property.key.value;
}

/** @param {Node} node @param {string} file @returns {string} */
function text(node, file) {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) return node.quasis[0].value.cooked;
  if (node.type === "BinaryExpression" && node.operator === "+") return text(node.left, file) + text(node.right, file);
  throw new Error(`${file}: expected a plain string as the meaning of an error, got ${node.type}`);
}

/** @param {string} meaning */
const cell = (meaning) => meaning.replaceAll("|", "\\|");
