/**
 * `node tools/man-pages.mjs FOLDER`: writes manual pages to FOLDER, generated from the grammar of the command line: isoline(1),
 * one page for each command, and isoline-runc(1). Format: man(7).
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describeCommands } from "./commands.mjs";
import { repository } from "./run.mjs";

const folder = resolve(process.argv[2] ?? join(repository, "dist/man"));
const { version } = JSON.parse(readFileSync(join(repository, "packages/isoline/package.json"), "utf8"));
const commands = await describeCommands(repository);
if (commands === undefined) throw new Error("expected a build in packages/isoline/dist; run npm run build");

mkdirSync(folder, { recursive: true });
for (const command of commands) write(command.name.replaceAll(" ", "-"), commandPage(command));
write("isoline", overview(commands));
write("isoline-runc", runtimePage());

/** @param {string} name @param {string[]} lines */
function write(name, lines) {
  const title = `.TH ${name.toUpperCase()} 1 "" "isoline ${version}" "isoline"`;
  writeFileSync(join(folder, `${name}.1`), `${[title, ...lines].join("\n")}\n`);
}

/** @param {import("./commands.mjs").DescribedCommand} command @returns {string[]} */
function commandPage({ name, usage, says, arguments: operands, options, examples, statuses }) {
  return [
    ".SH NAME",
    `${text(name.replaceAll(" ", "-"))} \\- ${text(says.split(/[.:]/)[0] ?? "")}`,
    ".SH SYNOPSIS",
    `.B ${text(usage)}`,
    ".SH DESCRIPTION",
    text(says),
    ...list(
      "ARGUMENTS",
      operands.map((each) => [each.name, each.says]),
    ),
    ...list(
      "OPTIONS",
      options.map((each) => [each.flags, each.says]),
    ),
    ...(examples.length > 0 ? [".SH EXAMPLES", ".nf", ...examples.map(text), ".fi"] : []),
    ".SH EXIT STATUS",
    text(
      statuses === ""
        ? "0 done, 1 isoline failed, 2 the command line is wrong."
        : statuses.replace(/^Exit status: /, ""),
    ),
    ".SH SEE ALSO",
    ".BR isoline (1)",
  ];
}

/** @param {import("./commands.mjs").DescribedCommand[]} all @returns {string[]} */
function overview(all) {
  return [
    ".SH NAME",
    "isoline \\- learn what software does, refuse what it never did",
    ".SH SYNOPSIS",
    ".B isoline COMMAND [OPTIONS]",
    ".SH DESCRIPTION",
    "A contour is the set of what a command does: which programs run, what they read, write, start and connect to.",
    "isoline learns a contour, and later reports or refuses whatever the command did not do while it was learnt.",
    ...list(
      "COMMANDS",
      all.map(({ name, says }) => [name.replace("isoline ", ""), says]),
    ),
    ".SH SEE ALSO",
    all.map(({ name }) => `.BR ${text(name.replaceAll(" ", "-"))} (1)`).join(",\n"),
  ];
}

/** @returns {string[]} */
function runtimePage() {
  return [
    ".SH NAME",
    "isoline-runc \\- run containers under their contours",
    ".SH SYNOPSIS",
    ".B isoline-runc [OPTIONS OF RUNC] COMMAND [ARGUMENTS]",
    ".SH DESCRIPTION",
    "An OCI runtime with the command line of runc(8). The container, its runtime included, runs inside a behaviour namespace.",
    "Commands that create no process in a container are passed to runc unchanged. Rules of the host in /etc/isoline/canisters.yaml,",
    "annotations of the container or a contour that came with the image choose the contour and the mode.",
    ".SH ENVIRONMENT",
    ".TP",
    ".B ISOLINE_RUNC",
    "the runc to use, if it is not the one on PATH",
    ".SH SEE ALSO",
    ".BR isoline (1),",
    ".BR runc (8)",
  ];
}

/** @param {string} title @param {[string, string][]} rows @returns {string[]} */
function list(title, rows) {
  if (rows.length === 0) return [];
  return [`.SH ${title}`, ...rows.flatMap(([term, says]) => [".TP", `.B ${text(term)}`, text(says)])];
}

/** Escapes text for man(7): backslashes and dashes, and lines that begin like a request. @param {string} words */
function text(words) {
  return words
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
}
