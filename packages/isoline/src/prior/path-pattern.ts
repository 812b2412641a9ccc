/**
 * Patterns of paths as AppArmor writes them (apparmor.d(5), globbing), matched in time proportional to pattern and path: a profile
 * comes from outside, and no pattern of it may take long.
 */
import { IsolineError } from "@isoline/core/error";

type Token =
  | { readonly kind: "literal"; readonly character: string }
  | { readonly kind: "one"; readonly of: (character: string) => boolean }
  | { readonly kind: "many"; readonly of: (character: string) => boolean };

const MOST_ALTERNATIVES = 256;
const MOST_TOKENS = 1024;
const notSlash = (character: string) => character !== "/";
const anything = () => true;

export class PathPattern {
  /** The pattern as AppArmor writes it. */
  readonly text: string;
  readonly #alternatives: readonly (readonly Token[])[];

  private constructor(text: string, alternatives: readonly (readonly Token[])[]) {
    this.text = text;
    this.#alternatives = alternatives;
  }

  /** `*` any name, `**` any path, `?`, `[abc]`, `[^abc]`, `{a,b}`, a backslash before what stands for itself. */
  static apparmor(text: string): PathPattern {
    return new PathPattern(text, expand(text).map(tokens));
  }

  /** Kubescape: a component `⋯` is any name, a component `*` any path. */
  static kubescape(text: string): PathPattern {
    const escaped = text.replace(/[\\?[\]{}^]/g, "\\$&");
    return PathPattern.apparmor(escaped.replaceAll("*", "**").replaceAll("⋯", "*"));
  }

  matches(path: string): boolean {
    return this.#alternatives.some((alternative) => matches(alternative, path));
  }
}

/** All places of the pattern that could be reached so far, one character after the other. */
function matches(pattern: readonly Token[], path: string): boolean {
  let places = closure(pattern, new Set([0]));
  for (const character of path) {
    const next = new Set<number>();
    for (const place of places) {
      const token = pattern[place];
      if (token === undefined) continue;
      if (token.kind === "literal" ? token.character === character : token.of(character))
        next.add(token.kind === "many" ? place : place + 1);
    }
    if (next.size === 0) return false;
    places = closure(pattern, next);
  }
  return places.has(pattern.length);
}

/** `many` may stand for nothing. */
function closure(pattern: readonly Token[], places: ReadonlySet<number>): Set<number> {
  const all = new Set<number>();
  for (const from of places) {
    let place = from;
    while (!all.has(place)) {
      all.add(place);
      if (pattern[place]?.kind !== "many") break;
      place += 1;
    }
  }
  return all;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const characters = [...text];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    if (character === "\\" && at + 1 < characters.length)
      found.push({ kind: "literal", character: characters[++at] as string });
    else if (character === "*" && characters[at + 1] === "*") {
      found.push({ kind: "many", of: anything });
      at += 1;
    } else if (character === "*") found.push({ kind: "many", of: notSlash });
    else if (character === "?") found.push({ kind: "one", of: notSlash });
    else if (character === "[") {
      const end = characters.indexOf("]", at + 2);
      if (end < 0) throw refused(text, "an open bracket has no end");
      found.push({ kind: "one", of: oneOf(characters.slice(at + 1, end)) });
      at = end;
    } else found.push({ kind: "literal", character });
  }
  if (found.length > MOST_TOKENS) throw refused(text, `it has more than ${MOST_TOKENS} parts`);
  return found;
}

function oneOf(listed: readonly string[]): (character: string) => boolean {
  const isInverted = listed[0] === "^";
  const items = isInverted ? listed.slice(1) : listed;
  const single = new Set<string>();
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < items.length; at++) {
    const [from, dash, to] = items.slice(at, at + 3);
    if (dash === "-" && from !== undefined && to !== undefined) {
      ranges.push([from, to]);
      at += 2;
    } else single.add(items[at] as string);
  }
  return (character) =>
    character !== "/" &&
    (single.has(character) || ranges.some(([from, to]) => from <= character && character <= to)) !== isInverted;
}

/** The texts that a pattern with braces stands for. */
function expand(text: string): string[] {
  const open = unescaped(text, "{", 0);
  if (open < 0) return [text];
  let depth = 0;
  let end = -1;
  const commas: number[] = [];
  for (let at = open; at < text.length && end < 0; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "{") depth += 1;
    else if (text[at] === "," && depth === 1) commas.push(at);
    else if (text[at] === "}" && --depth === 0) end = at;
  }
  if (end < 0) throw refused(text, "an open brace has no end");
  const cuts = [open, ...commas, end];
  const choices = cuts.slice(1).map((cut, index) => text.slice((cuts[index] as number) + 1, cut));
  const all = choices.flatMap((choice) => expand(text.slice(0, open) + choice + text.slice(end + 1)));
  if (all.length > MOST_ALTERNATIVES) throw refused(text, `it stands for more than ${MOST_ALTERNATIVES} patterns`);
  return all;
}

function unescaped(text: string, wanted: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === wanted) return at;
  }
  return -1;
}

function refused(pattern: string, why: string): IsolineError {
  return new IsolineError(
    "bad-policy",
    `expected a pattern of paths, got ${pattern.slice(0, 80)}: ${why}; correct the profile`,
  );
}
