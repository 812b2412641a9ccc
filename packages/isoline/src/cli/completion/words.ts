/** The words that can be completed, derived from the command definitions, so that the two cannot differ. */
import type { Command, Option } from "commander";

/** The kind of an argument. */
export type Operand = "file" | "namespace" | "command" | "choice" | "text";

export interface OptionWords {
  readonly flags: readonly string[];
  readonly summary: string;
  /** The kind of its value; undefined for an option without one. */
  readonly value: Operand | undefined;
  readonly choices: readonly string[];
}

export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWords[];
  readonly operand: Operand;
  readonly choices: readonly string[];
  /** Whether the command to run follows after `--`. */
  readonly runsCommand: boolean;
}

export function wordsOf(program: Command): readonly CommandWords[] {
  const help = program.createHelp();
  return help.visibleCommands(program).map((command) => {
    const names = command.registeredArguments.map((argument) => argument.name());
    const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
    if (command.commands.length > 0) return groupWords(command);
    return {
      name: command.name(),
      summary: command.summary() || command.description(),
      options: help.visibleOptions(command).map(optionWords),
      operand: operandOf(names[0] ?? "", choices, command.name()),
      choices: command.name() === "help" ? program.commands.map((other) => other.name()) : choices,
      runsCommand: names.at(-1) === "command" && command.name() !== "help",
    };
  });
}

/** A group: one of its commands, then files; any option of any of them. */
function groupWords(group: Command): CommandWords {
  const help = group.createHelp();
  const options = group.commands.flatMap((command) => help.visibleOptions(command).map(optionWords));
  const byName = new Map(options.map((option) => [option.flags.join(), option]));
  return {
    name: group.name(),
    summary: group.summary(),
    options: [...byName.values()],
    operand: "file",
    choices: group.commands.map((command) => command.name()),
    runsCommand: false,
  };
}

function optionWords({ short, long, description, required, optional, argChoices, flags }: Option): OptionWords {
  const takesValue = required || optional;
  const isFile = /<(name\|)?file>/.test(flags);
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    summary: description,
    value: !takesValue ? undefined : argChoices ? "choice" : isFile ? "file" : "text",
    choices: argChoices ?? (long === "--lens" ? ["default", "exact"] : []),
  };
}

function operandOf(name: string, choices: readonly string[], command: string): Operand {
  if (choices.length > 0 || command === "help") return "choice";
  if (name === "namespace") return "namespace";
  return name === "command" || name === "" ? "text" : "file";
}
