/**
 * How shells read their arguments (sh(1), bash(1), zsh(1)). `-c` takes no value but makes the first operand the text to run;
 * options may begin with a plus, `+c` among them; with `-s` the operands are arguments to the commands on standard input.
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
  /** Long options may have one dash as well, but only in front of all letters (bash: shell.c, parse_long_options). */
  readonly hasOneDash?: true;
  /** The letter that ends the options. */
  readonly end?: string;
}

const DASH = 0x2d;
const PLUS = 0x2b;
const FLAGS = /^[a-zA-Z0-9]$/;

/** What a shell was given to run. */
export function scanShell(grammar: ShellGrammar, words: Words): readonly Operand[] {
  const found: Operand[] = [];
  let isText = false;
  let isInput = false;
  let isLast = false;
  let hasLetters = false;
  let at = 1;
  for (; at <= MOST_WORDS && !isLast; at++) {
    const word = words.at(at);
    if (word === UNREADABLE) return [...found, { ...unclear("unreadable"), word: at }];
    if (word === undefined) return [...found, { ...INPUT, word: -1 }];
    const { bytes } = word;
    if (bytes[0] !== DASH && bytes[0] !== PLUS) break;
    if (isEnd(bytes)) {
      at += 1;
      break;
    }
    const long = longOption(grammar, bytes, hasLetters);
    if (long === "file" || long === "skip") {
      at += 1;
      const value = words.at(at);
      if (long === "file" && value !== undefined && value !== UNREADABLE) found.push({ ...fileOf(value), word: at });
    }
    if (long !== undefined) continue;
    hasLetters = true;
    // Shells differ in what these mean.
    if (bytes[1] === DASH || isUnclear(bytes)) found.push({ ...unclear("option", bytes), word: at });
    if (bytes[1] !== DASH)
      for (const [index, letter] of [...bytes.toString("latin1", 1)].entries()) {
        // Some shells take the rest of the word for the value, others the next word.
        if (grammar.valued.includes(letter) && index + 2 < bytes.length)
          found.push({ ...unclear("option", bytes), word: at });
        if (letter === grammar.end) isLast = true;
        else if (letter === "c") isText = true;
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

/** A plus alone, or in front of `c` (which runs a text all the same) or `s` (which bash takes for `-s`, and others for its opposite). */
function isUnclear(word: Buffer): boolean {
  return word[0] === PLUS && (word.length === 1 || /[cs]/.test(word.toString("latin1")));
}

function longOption(
  { words, flagWords, hasOneDash }: ShellGrammar,
  word: Buffer,
  hasLetters: boolean,
): "skip" | "file" | "flag" | undefined {
  const dashes = word[0] !== DASH ? 0 : word[1] === DASH ? 2 : 1;
  if (dashes === 0 || (dashes === 1 && (hasOneDash !== true || hasLetters))) return undefined;
  const name = word.toString("latin1", dashes);
  if (name.length < 2) return undefined;
  if (Object.hasOwn(words, name)) return words[name];
  return flagWords.split(" ").includes(name) ? "flag" : undefined;
}
