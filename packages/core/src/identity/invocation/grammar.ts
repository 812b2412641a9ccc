/**
 * Describes how a program reads its arguments, as far as needed to find what it was given to run.
 *
 * An option that a grammar does not name becomes part of the task's identity (`?option:-x`) and is assumed to take no value.
 * The arguments after it may then be misread, but the identity never equals one without that option.
 */

/** The meaning of an option's value. */
export type Role =
  /** The value is not run. */
  | "skip"
  /** The value is run and nothing else: the operands are only arguments to it. */
  | "file"
  | "text"
  | "module"
  /** The value is run in addition, before or beside the operand. */
  | "file-beside"
  | "text-beside"
  | "module-beside"
  /** A module or, where it looks like a path, a file. */
  | "either-beside"
  /** Files, with colons between them. */
  | "files-beside"
  /** The directory from which relative file names start. */
  | "directory"
  /** A long option without its dashes. */
  | "long";

export interface Option {
  readonly role: Role;
  /**
   * `next`: the rest of the word, or the next word. `maybe`: the next word, unless it begins with a dash. `attached`: the rest
   * of the word, which may be empty. `digits`: the digits that follow.
   */
  readonly takes: "next" | "maybe" | "attached" | "digits";
  /**
   * What the value may be, if the program reads further options out of the rest of the word. Another value is kept by name, as an
   * option that is not known. For `digits`: the beginning of the rest that belongs to the option.
   */
  readonly fits?: RegExp;
  /** Everything after this option is an argument to the program that it names. */
  readonly isLast?: true;
}

export interface Grammar {
  /** Single-letter options that take no value. */
  readonly flags: string;
  readonly letters?: Readonly<Record<string, Option>>;
  /** Long options that take no value, separated by blanks, with their dashes. */
  readonly flagWords?: string;
  /** Long options; one that ends in `*` is a prefix, and the rest of the word up to `=` is the value. */
  readonly words?: Readonly<Record<string, Option>>;
  /** Long options may have one dash as well, and letters cannot be combined. */
  readonly hasLongLetters?: true;
  /** Long options may be abbreviated, and options may follow operands (getopt_long(3)). */
  readonly isGnu?: true;
  /** The words after `--` are never the operand. */
  readonly hasOnlyArgumentsLast?: true;
  /** The operand is a program, and the words after it are the program's own. */
  readonly runsPrograms?: true;
  /** A word that begins with `@` names a file with more arguments. */
  readonly hasArgumentFiles?: true;
  /** What the first operand is, if no option names what runs. */
  readonly operand: "file" | "text" | "class" | "nothing";
  /** Suffixes that are tried if the operand is not a file. */
  readonly endings?: readonly string[];
  /**
   * Only the first word can be the operand, or the third after an option with a value; a word with a dash in that place means that there
   * is none (tclMain.c, Tcl_MainEx).
   */
  readonly hasOperandFirst?: true;
  /** Text beside the operand is enough: without an operand, nothing is read from standard input. */
  readonly isTextEnough?: true;
  /** What runs if there is no operand. */
  readonly without?: "input" | readonly [string, ...string[]];
}

export const next = (role: Role): Option => ({ role, takes: "next" });
export const last = (role: Role): Option => ({ role, takes: "next", isLast: true });
export const attached = (role: Role = "skip"): Option => ({ role, takes: "attached" });
export const fitting = (fits: RegExp): Option => ({ role: "skip", takes: "attached", fits });
export const maybe = (role: Role): Option => ({ role, takes: "maybe" });
export const digits = (fits: RegExp): Option => ({ role: "skip", takes: "digits", fits });

/** The same option under several names. */
export function each(names: string, option: Option): Readonly<Record<string, Option>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, option]));
}
