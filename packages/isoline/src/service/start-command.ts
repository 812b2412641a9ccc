/**
 * The commands of an ExecStart= line (systemd.service(5), "Command lines"), each with its prefixes and its words as they are written.
 *
 * Words stay as they are, with their quotes, escapes, specifiers and variables: they stand in an ExecStart= line again, so systemd gives
 * them the same meaning. Only the path of the program loses its place, since it is an argument from then on. What would mean something
 * else there is refused.
 */
import { CliError } from "../error.ts";

export interface StartCommand {
  /** Of `-`, `:`, `+` and `!`. */
  readonly prefixes: string;
  /** The path of the program and its arguments, as they are written. */
  readonly words: readonly string[];
}

const PREFIXES = "-@:+!|";
/** A path that is absolute as it stands, or after a specifier that stands for an absolute path. */
const ABSOLUTE = /^['"]?(?:\/|%[hStLCE]\/)/;

/** The commands of one line, which `;` as a word of its own divides. Refuses with `unfit-unit` what cannot be rewritten soundly. */
export function startCommands(value: string): readonly StartCommand[] {
  const commands: StartCommand[] = [];
  let words: string[] = [];
  for (const word of [...wordsIn(value), ";"]) {
    if (word !== ";") words.push(word);
    else if (words.length > 0) {
      commands.push(startCommand(words));
      words = [];
    }
  }
  return commands;
}

function startCommand([first = "", ...rest]: readonly string[]): StartCommand {
  const length = [...first].findIndex((character) => !PREFIXES.includes(character));
  const prefixes = first.slice(0, Math.max(0, length));
  const program = first.slice(prefixes.length);
  if (prefixes.includes("@"))
    throw unfit("a program under its own name", first, "the prefix @ gives it another; take it out of the unit");
  if (prefixes.includes("!!") || prefixes.includes("|"))
    throw unfit("a command with the prefixes - : + !", first, "take !! or | out of the unit");
  if (!ABSOLUTE.test(program))
    throw unfit(
      "the absolute path of a program",
      first,
      "systemd looks a bare name up along a path of its own; write the path",
    );
  // A variable is not replaced in a path, and would be in an argument.
  if (program.includes("$")) throw unfit("a path without $", first, "give the program another name");
  return { prefixes, words: [program, ...rest] };
}

/** The words as they are written. A quote may open anywhere in a word; a backslash takes the meaning of what follows. */
function wordsIn(value: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < value.length; at++) {
    const character = value.charAt(at);
    if (quote === "" && /\s/.test(character)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    word += character;
    if (character === "\\") {
      at += 1;
      if (at === value.length) throw unfit("a character after the last backslash", value, "correct the unit");
      word += value.charAt(at);
    } else if (character === quote) quote = "";
    else if (quote === "" && (character === "'" || character === '"')) quote = character;
  }
  if (quote !== "") throw unfit(`a closing ${quote}`, value, "correct the unit");
  return word === "" ? words : [...words, word];
}

function unfit(expected: string, got: string, next: string): CliError {
  return new CliError(
    "unfit-unit",
    `ExecStart=: expected ${expected}, got ${JSON.stringify(got.slice(0, 80))}; ${next}`,
  );
}
