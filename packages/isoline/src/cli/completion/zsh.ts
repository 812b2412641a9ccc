/** A completion script for zsh. */
import type { CommandWords, OptionWords } from "./words.ts";

export function zshScript(commands: readonly CommandWords[]): string {
  return `#compdef isoline
# isoline completion for zsh; in ~/.zshrc: eval "$(isoline completion zsh)"
_isoline_namespaces() {
  local -a names
  names=(\${(f)"$(isoline ps -q 2>/dev/null)"})
  compadd -a names
}
_isoline() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe -t commands command commands
    return
  fi
  local at=\${words[(i)--]}
  if ((at < CURRENT)); then
    # Everything after it is a command of its own.
    shift at words
    ((CURRENT -= at))
    _normal
    return
  fi
  local command=\${words[2]}
  shift words
  ((CURRENT--))
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}
compdef _isoline isoline
`;
}

function commandCase({ name, options, operand, choices }: CommandWords): string {
  const specs = options.flatMap(optionSpecs);
  const rest = {
    file: "*:file:_files",
    namespace: "*:namespace:_isoline_namespaces",
    choice: `*:word:(${choices.join(" ")})`,
  };
  const first = operand === "file" && choices.length > 0 ? [quoted(`1:word:(${choices.join(" ")})`)] : [];
  const operands = operand === "command" || operand === "text" ? [] : [...first, quoted(rest[operand])];
  return `    ${name}) _arguments ${[...specs, ...operands].join(" ")} ;;`;
}

function optionSpecs({ flags, summary, value, choices }: OptionWords): string[] {
  const text = summary.replaceAll(/[[\]:]/g, " ");
  const files = value === "file" ? "_files" : "";
  const action = choices.length > 0 ? (files ? "_files" : `(${choices.join(" ")})`) : files;
  const argument = value === undefined ? "" : `:${value}:${action}`;
  return flags.map((flag) => quoted(`${flag}[${text}]${argument}`));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
