/** The commands and options, read from the compiled grammar. The reference page and the man pages are made from them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const PROGRAM = "packages/isoline/dist/cli/program.js";

/**
 * @typedef {{ flags: string, says: string, group: string }} DescribedOption
 * @typedef {{ name: string, usage: string, says: string, arguments: { name: string, says: string }[],
 *   options: DescribedOption[], examples: string[], statuses: string }} DescribedCommand
 */

/** @param {string} root @returns {Promise<DescribedCommand[] | undefined>} in the order of `isoline --help`; undefined without a build */
export async function describeCommands(root) {
  const file = join(root, PROGRAM);
  if (!existsSync(file)) return undefined;
  const { isolineProgram } = await import(pathToFileURL(file).href);
  const program = isolineProgram({}, []);
  return described(program, "isoline", program.createHelp());
}

/** @param {any} group @param {string} prefix @param {any} help @returns {DescribedCommand[]} */
function described(group, prefix, help) {
  return help
    .visibleCommands(group)
    .filter((/** @type {any} */ command) => command.name() !== "help")
    .flatMap((/** @type {any} */ command) => {
      const name = `${prefix} ${command.name()}`;
      if (command.commands.length > 0) return described(command, name, help);
      return [
        {
          name,
          usage: `${name} ${command.usage()}`,
          says: command.description(),
          arguments: command.registeredArguments.map((/** @type {any} */ each) => ({
            name: help.argumentTerm(each),
            says: help.argumentDescription(each),
          })),
          options: help
            .visibleOptions(command)
            .filter((/** @type {any} */ option) => option.long !== "--help")
            .map((/** @type {any} */ option) => ({
              flags: option.flags,
              says: help.optionDescription(option),
              group: option.helpGroupHeading ?? "",
            })),
          ...endOf(command),
        },
      ];
    });
}

/**
 * Reads the examples from the text after the help, where each is indented by two spaces, and the line of the exit status.
 *
 * @param {any} command @returns {Pick<DescribedCommand, "examples" | "statuses">}
 */
function endOf(command) {
  let text = "";
  command.configureOutput({ ...command.configureOutput(), writeOut: (/** @type {string} */ part) => (text += part) });
  command.outputHelp();
  const [, after = ""] = text.split(/^Examples:\n/m);
  const lines = after.split("\n");
  return {
    examples: lines.filter((line) => line.startsWith("  ")).map((line) => line.trim()),
    statuses: lines.find((line) => line.startsWith("Exit status")) ?? "",
  };
}
