/**
 * How shells read their arguments (sh(1), bash(1), zsh(1)). `-c` takes no value but makes the first operand the text to run;
 * options may begin with a plus; with `-s` the operands are arguments to the commands on standard input.
 */
import { file, INPUT, type Meant, type Operand, unclear } from "./operand.ts";
import { MOST_WORDS, UNREADABLE, type Word, type Words } from "./words.ts";

export interface ShellGrammar {
  /** Letters that take the next word, one word each. */
  readonly valued: string;
  /** Long options that take the next word, and whether that is a file that runs. */
  readonly words: Readonly<Record<string, "skip" | "file">>;
  /** Long options that take no value, separated by blanks. */
  readonly flagWords: string;
}

const DASH = 0x2d;
const PLUS = 0x2b;
const FLAGS = /^[a-zA-Z0-9]$/;

/** What a shell was given to run. */
export function scanShell(grammar: ShellGrammar, words: Words): readonly Operand[] {
  const found: Operand[] = [];
  let isText = false;
  let isInput = false;
  let at = 1;
  for (; at <= MOST_WORDS; at++) {
    const word = words.at(at);
    if (word === UNREADABLE) return [...found, { ...unclear("unreadable"), word: at }];
    if (word === undefined) return [...found, { ...INPUT, word: -1 }];
    const { bytes } = word;
    if ((bytes[0] !== DASH && bytes[0] !== PLUS) || (bytes[0] === PLUS && bytes.length === 1)) break;
    if (isEnd(bytes)) {
      at += 1;
      break;
    }
    const long = longOption(grammar, bytes);
    if (long === "file" || long === "skip") {
      at += 1;
      const value = words.at(at);
      if (long === "file" && value !== undefined && value !== UNREADABLE) found.push({ ...fileOf(value), word: at });
    }
    if (long !== undefined) continue;
    if (bytes[1] === DASH) found.push({ ...unclear("option", bytes), word: at });
    else
      for (const [index, letter] of [...bytes.toString("latin1", 1)].entries()) {
        // Some shells take the rest of the word for the value, others the next word.
        if (grammar.valued.includes(letter) && index + 2 < bytes.length)
          found.push({ ...unclear("option", bytes), word: at });
        if (letter === "c" && bytes[0] === DASH) isText = true;
        else if (letter === "s" && bytes[0] === DASH) isInput = true;
        else if (grammar.valued.includes(letter)) words.at(++at);
        else if (!FLAGS.test(letter))
          found.push({ ...unclear("option", Buffer.from(`-${letter}`, "latin1")), word: at });
      }
  }
  return [...found, operandAt(words, at, isText, isInput)];
}

function operandAt(words: Words, at: number, isText: boolean, isInput: boolean): Operand {
  if (at > MOST_WORDS) return { ...unclear("too-many"), word: at };
  const word = words.at(at);
  if (word === UNREADABLE) return { ...unclear("unreadable"), word: at };
  if (word === undefined) return { ...INPUT, word: -1 };
  if (isText) return { kind: "text", word: at, from: 0 };
  return isInput ? { ...INPUT, word: -1 } : { ...fileOf(word), word: at };
}

function fileOf({ bytes, isCut }: Word): Meant {
  return isCut ? unclear("cut") : file(bytes);
}

/** `-` and `--` end the options. */
function isEnd(word: Buffer): boolean {
  return word[0] === DASH && (word.length === 1 || (word.length === 2 && word[1] === DASH));
}

/** bash accepts its long options with one dash as well. */
function longOption({ words, flagWords }: ShellGrammar, word: Buffer): "skip" | "file" | "flag" | undefined {
  if (word[0] !== DASH) return undefined;
  const name = word.toString("latin1", word[1] === DASH ? 2 : 1);
  if (name.length < 2) return undefined;
  if (Object.hasOwn(words, name)) return words[name];
  return flagWords.split(" ").includes(name) ? "flag" : undefined;
}
