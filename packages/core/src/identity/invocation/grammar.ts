/**
 * How a program reads its arguments, as far as it takes to find what it was given to run.
 *
 * A letter or word that a grammar does not name is told in the task's identity (`?option:-x`), and taken to need no value:
 * what comes after it may then be wrong, but never passes for arguments without it.
 */

/** What the value of an option is. */
export type Role =
  /** Nothing that runs. */
  | "skip"
  /** It runs, and nothing else that the arguments name: an operand is only an argument to it. */
  | "file"
  | "text"
  | "module"
  /** It runs as well: before what is to run, or beside it. */
  | "file-beside"
  | "text-beside"
  | "module-beside"
  /** A module or, where it looks like a path, a file. */
  | "either-beside"
  /** Files, with colons between them. */
  | "files-beside"
  /** Where relative names of files begin. */
  | "directory";

export interface Option {
  readonly role: Role;
  /**
   * `next`: the rest of the word, or the next one. `maybe`: the next one, unless it begins with a dash. `attached`: the rest of
   * the word, which may be empty. `digits`: those that follow.
   */
  readonly takes: "next" | "maybe" | "attached" | "digits";
  /** What comes after it are arguments to what it names. */
  readonly isLast?: true;
}

export interface Grammar {
  /** Letters that take no value. */
  readonly flags: string;
  readonly letters?: Readonly<Record<string, Option>>;
  /** Long options that take no value, separated by blanks; with their dashes. */
  readonly flagWords?: string;
  /** Long options; one that ends in `*` is the beginning of a word whose rest, up to `=`, is the value. */
  readonly words?: Readonly<Record<string, Option>>;
  /** Long options have one dash as well, and letters do not stand together. */
  readonly hasLongLetters?: true;
  /** Long options may be cut short, and options come after operands too (getopt_long(3)). */
  readonly isGnu?: true;
  /** What follows `--` is never the operand. */
  readonly hasOnlyArgumentsLast?: true;
  /** A word that begins with `@` names a file with more arguments. */
  readonly hasArgumentFiles?: true;
  /** What the first operand is, where no option says what runs. */
  readonly operand: "file" | "text" | "class" | "nothing";
  /** Endings that are tried where the operand is no file. */
  readonly endings?: readonly string[];
  /** What runs where there is no operand. */
  readonly without?: "input" | readonly [string, ...string[]];
}

export const next = (role: Role): Option => ({ role, takes: "next" });
export const last = (role: Role): Option => ({ role, takes: "next", isLast: true });
export const attached = (role: Role = "skip"): Option => ({ role, takes: "attached" });
export const maybe = (role: Role): Option => ({ role, takes: "maybe" });
export const digits: Option = { role: "skip", takes: "digits" };

/** The same option under several names. */
export function each(names: string, option: Option): Readonly<Record<string, Option>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, option]));
}
