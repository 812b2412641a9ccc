/** A completion script for fish. */
import type { CommandWords, OptionWords } from "./words.ts";

export function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c isoline -n __fish_use_subcommand -f -a ${command.name} -d ${quoted(command.summary)}`,
    ...operandLine(command),
    ...command.options.map((option) => optionLine(command.name, option)),
  ]);
  return `# isoline completion for fish; in config.fish: isoline completion fish | source
function __isoline_before_dashes
    not contains -- -- (commandline -opc)
end
${lines.join("\n")}
complete -c isoline -n 'not __isoline_before_dashes' -f -a '(__fish_complete_subcommand --fcs-skip=(contains -i -- -- (commandline -opc)))'
`;
}

function seen(name: string): string {
  return `-n '__fish_seen_subcommand_from ${name}; and __isoline_before_dashes'`;
}

function operandLine({ name, operand, choices }: CommandWords): string[] {
  switch (operand) {
    case "namespace":
      return [`complete -c isoline ${seen(name)} -f -a '(isoline ps -q 2>/dev/null)'`];
    case "choice":
      return [`complete -c isoline ${seen(name)} -f -a ${quoted(choices.join(" "))}`];
    case "file":
      return [`complete -c isoline ${seen(name)} -F${choices.length > 0 ? ` -a ${quoted(choices.join(" "))}` : ""}`];
    case "command":
    case "text":
      return [`complete -c isoline ${seen(name)} -f`];
  }
}

function optionLine(command: string, { flags, summary, value, choices }: OptionWords): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const wants = value === undefined ? [] : [value === "file" ? "-r -F" : "-x"];
  const words = choices.length > 0 ? [`-a ${quoted(choices.join(" "))}`] : [];
  return ["complete -c isoline", seen(command), ...names, ...wants, ...words, `-d ${quoted(summary)}`].join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
