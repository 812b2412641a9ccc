/**
 * A class of names in one directory, as it is written: `{photo-<n>}.jpg`.
 *
 * Its text stands in the levelled path in place of the name, and nothing else can be written like it. A real name that begins
 * with a brace is marked `$literal:` in such a path; the other labels of the lens have an at sign, or a number sign before a
 * number. A class has neither, but for `{git#<k>}`.
 */
import { isEscaped } from "../../event/escape.ts";
import type { Reach } from "./guarded.ts";
import { isKind, type Kind, type KindName, kinds, openKinds, unboundedKinds } from "./kinds.ts";
import { NameSplit } from "./name-split.ts";

const MOST_PARTS = 4;
const MOST_CHARACTERS = 160;
/** `{` text and kinds `}` ending. */
const WHOLE = /^\{([^{}]*)\}([^{}<>]*)$/;
const PART = /<([a-z]{1,8})>/g;
const SPECIAL = /[{}<>@#$/]/;

export class NameClass {
  readonly text: string;
  readonly kinds: readonly KindName[];
  readonly #split: NameSplit;
  readonly #head: string;

  private constructor(text: string, found: readonly KindName[], split: NameSplit, head: string) {
    this.text = text;
    this.kinds = found;
    this.#split = split;
    this.#head = head;
  }

  /** The class that a component of a rule is; a text that says what is wrong with it otherwise. */
  static parse(text: string): NameClass | { readonly problem: string } {
    const whole = WHOLE.exec(text);
    if (!whole || text.length > MOST_CHARACTERS || !isEscaped(text))
      return { problem: "a class of names such as {photo-<n>}.jpg" };
    const [, inner, ending] = whole as unknown as [string, string, string];
    if (SPECIAL.test(ending)) return { problem: "an ending without any of { } < > @ # $" };
    const literals = inner.split(PART).filter((_, at) => at % 2 === 0);
    const names = [...inner.matchAll(PART)].map(([, name]) => name as string);
    const problem = problemOf(names, literals);
    if (problem !== undefined) return { problem };
    const found = names as KindName[];
    const [first = "", ...others] = literals;
    const last = others.at(-1) ?? "";
    const isMade = found[0] === "k";
    const head = isMade ? `{${first}` : first;
    const tail = isMade ? `${last}}${ending}` : last + ending;
    return new NameClass(text, found, new NameSplit([head, ...others], found, tail), head);
  }

  /** Whether a component of a levelled path is one of this class. */
  matches(component: string): boolean {
    if (!component.startsWith(this.#head)) return false;
    const parts = this.#split.of(component);
    if (parts === undefined) return false;
    return this.kinds.every((name, at) => (kinds[name] as Kind).fits?.(parts[at] as string) ?? true);
  }

  /** Where it may reach: the less it takes, the further. */
  get reach(): Reach {
    if (this.kinds.some((name) => unboundedKinds.has(name))) return "any";
    return this.kinds[0] === "path" && this.#head === "" ? "spelled" : "form";
  }
}

/** Whether a text can stand in a class as itself. */
export function isPlain(text: string): boolean {
  return !SPECIAL.test(text);
}

function problemOf(names: readonly string[], literals: readonly string[]): string | undefined {
  if (names.length === 0 || names.length > MOST_PARTS) return `one to ${MOST_PARTS} kinds, each written like <n>`;
  const strange = names.find((name) => !isKind(name));
  if (strange !== undefined) return `one of the kinds ${Object.keys(kinds).join(", ")} instead of <${strange}>`;
  if (names.filter((name) => openKinds.has(name as KindName)).length > 1) return "at most one kind that takes any name";
  const isMade = names.includes("k");
  if (isMade && (names.length > 1 || !/^[^{}<>@#$/]{1,64}#$/.test(literals[0] as string) || literals[1] !== ""))
    return "<k> only as the number of a name that the workload made: {gcc#<k>}.s";
  if (!isMade && literals.some((literal) => SPECIAL.test(literal))) return "text without any of { } < > @ # $ /";
  if (literals.slice(1, -1).some((literal) => !/^[^0-9A-Za-z]|^[G-Zg-z]/.test(literal)))
    return "a sign or a letter that is no digit between two kinds";
  const bare = names.includes("one") || names.includes("tree");
  if (bare && (names.length > 1 || literals.some((literal) => literal !== "")))
    return "<one> and <tree> only by themselves";
  return undefined;
}
