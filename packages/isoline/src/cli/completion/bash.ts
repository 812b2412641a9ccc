/** A completion script for bash. It calls isoline only for the names of live namespaces. */
import type { CommandWords, OptionWords } from "./words.ts";

export function bashScript(commands: readonly CommandWords[]): string {
  return `# isoline completion for bash; in ~/.bashrc: eval "$(isoline completion bash)"
_isoline() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= words= at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      --)
        # Everything after it is a command of its own.
        if declare -F _command_offset >/dev/null; then
          _command_offset $((at + 1))
        elif ((at + 1 == COMP_CWORD)); then
          COMPREPLY=($(compgen -c -- "$current"))
        else
          compopt -o default
        fi
        return
        ;;
      -*) ;;
      *) [[ -n $command ]] || command=\${COMP_WORDS[at]} ;;
    esac
  done
  if [[ -z $command ]]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$current"))
    return
  fi
  case "$command $previous" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}
complete -F _isoline isoline
`;
}

/** The words that may follow an option with a value. */
function valueCases({ name, options }: CommandWords): string[] {
  return options.flatMap((option) => {
    if (option.value === undefined) return [];
    const pattern = option.flags.map((flag) => `"${name} ${flag}"`).join(" | ");
    return [`    ${pattern})\n      ${valueAction(option)}\n      return\n      ;;`];
  });
}

function valueAction({ value, choices }: Pick<OptionWords, "value" | "choices">): string {
  const words = choices.length > 0 ? `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current"))` : "";
  const files = value === "file" ? "compopt -o default" : "";
  return [words, files].filter((part) => part !== "").join("\n      ") || ":";
}

function commandCase({ name, options, operand, choices, runsCommand }: CommandWords): string {
  const flags = [...options.flatMap((option) => option.flags), ...(runsCommand ? ["--"] : [])];
  return `    ${name})
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "${flags.join(" ")}" -- "$current"))
      else
        ${operandAction(operand, choices)}
      fi
      ;;`;
}

function operandAction(operand: CommandWords["operand"], choices: readonly string[]): string {
  switch (operand) {
    case "namespace":
      return 'COMPREPLY=($(compgen -W "$(isoline ps -q 2>/dev/null)" -- "$current"))';
    case "choice":
      return `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current"))`;
    case "file":
      return valueAction({ value: "file", choices });
    case "command":
    case "text":
      return ":";
  }
}
