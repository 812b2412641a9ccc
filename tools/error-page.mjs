/** `docs/errors.md`, made from the tables in the sources, so that neither can say what the other does not. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Visitor } from "oxc-parser";
import { readSource } from "./sources.mjs";

export const ERROR_PAGE = "docs/errors.md";

/** Where each package keeps its table, and what the page calls it; from the bottom of the house to the top. */
const tables = [
  { file: "packages/core/src/error.ts", name: "coreErrors", title: "Core: events, contours, the engine" },
  { file: "packages/linux/src/error.ts", name: "linuxErrors", title: "Linux: the kernel and the sensors" },
  { file: "packages/isoline/src/error.ts", name: "cliErrors", title: "Command line and namespaces" },
];

const PREFACE = `# Errors

<!-- Made by \`npm run docs\` from the tables in packages/*/src/error.ts. Change the table, not this page. -->

Every refusal of isoline carries one of these codes as \`error.code\`; codes are stable, messages are not. The message says
what was expected, what came, and what to do.
`;

/** @param {string} root @returns {string} the page as the tables want it */
export function errorPage(root) {
  const sections = tables
    .filter(({ file }) => existsSync(join(root, file)))
    .map(({ file, name, title }) => {
      const rows = readTable(root, file, name).map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |`);
      return [`## ${title}`, "", "| code | what it means |", "| --- | --- |", ...rows, ""].join("\n");
    });
  return [PREFACE, ...sections].join("\n");
}

/** @param {string} root @returns {string[]} */
export function errorPageViolations(root) {
  const page = join(root, ERROR_PAGE);
  const current = existsSync(page) ? readFileSync(page, "utf8") : "";
  return current === errorPage(root) ? [] : [`${ERROR_PAGE} does not say what the tables say; run npm run docs`];
}

/**
 * Reads `export const NAME = { code: "meaning", … } as const` without running anything.
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

/** @typedef {any} Node a syntax node; what is not of the expected form is refused below */

/** @param {Node} node @returns {Node} */
const withoutTypes = (node) =>
  node?.type === "TSAsExpression" || node?.type === "TSSatisfiesExpression" ? withoutTypes(node.expression) : node;

/** @param {Node} property @param {string} file @returns {string} */
function key(property, file) {
  if (property.type !== "Property" || property.computed)
    throw new Error(`${file}: a code of an error table is written out`);
  return property.key.name ?? property.key.value;
}

/** @param {Node} node @param {string} file @returns {string} */
function text(node, file) {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) return node.quasis[0].value.cooked;
  if (node.type === "BinaryExpression" && node.operator === "+") return text(node.left, file) + text(node.right, file);
  throw new Error(`${file}: a meaning in an error table is a plain string, this is ${node.type}`);
}

/** @param {string} meaning */
const cell = (meaning) => meaning.replaceAll("|", "\\|");
