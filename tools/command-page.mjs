/** `docs/commands.md`, generated from the grammar of the command line. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeCommands } from "./commands.mjs";
import { wrapped } from "./wrapped.mjs";

export const COMMAND_PAGE = "docs/commands.md";

const PREFACE = `# Commands

<!-- Made by \`npm run docs\` from packages/isoline/src/cli/grammar. Change the grammar, not this page. -->

The commands and options of \`isoline\`. Exit statuses are listed in [exit-codes.md](exit-codes.md), errors in
[errors.md](errors.md). \`isoline help COMMAND\` prints the same text.
`;

/** @param {string} root @returns {Promise<string | undefined>} undefined without a build */
export async function commandPage(root) {
  const commands = await describeCommands(root);
  return commands && [PREFACE, ...commands.map(section)].join("\n");
}

/** @param {string} root @returns {Promise<string[]>} */
export async function commandPageViolations(root) {
  const wanted = await commandPage(root);
  if (wanted === undefined) return [`skipped: ${COMMAND_PAGE} (there is no build)`];
  const page = join(root, COMMAND_PAGE);
  const current = existsSync(page) ? readFileSync(page, "utf8") : "";
  return current === wanted ? [] : [`${COMMAND_PAGE} differs from the grammar; run npm run build && npm run docs`];
}

/** @param {import("./commands.mjs").DescribedCommand} command */
function section({ name, usage, says, arguments: operands, options, examples, statuses }) {
  const rows = [
    ...operands.map((each) => `| ${code(each.name)} | ${cell(each.says)} |`),
    ...options.map((each) => `| ${code(each.flags)} | ${cell(each.says)} |`),
  ];
  return [
    `## ${name}`,
    "",
    wrapped(says),
    "",
    "```",
    usage,
    "```",
    "",
    ...(rows.length > 0 ? ["| | |", "| --- | --- |", ...rows, ""] : []),
    ...(examples.length > 0 ? ["```", ...examples, "```", ""] : []),
    ...(statuses === "" ? [] : [wrapped(statuses), ""]),
  ].join("\n");
}

/** A table cell ends at a bar, even inside code. @param {string} text */
function code(text) {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** @param {string} text */
function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
