/**
 * The form of a name: what a class would be that has this name and others made alike.
 *
 *   photo-17.jpg                    {photo-<n>}.jpg
 *   00000001000000000000000A        {<x>}
 *   pack-3f0e….idx                  {pack-<hash>}.idx
 *   2026-11-24-report.csv           {<date>-report}.csv
 */
import { isPlain, NameClass } from "../identity/classes/name-class.ts";
import type { KindName } from "../identity/classes/kinds.ts";
import { looksDrawn } from "../identity/random-name.ts";

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const DATE =
  /(?<![0-9])(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?:[T_.-]?[0-2]\d[-_.:h]?[0-5]\d(?:[-_.:]?[0-5]\d(?:[-_.:]?\d{1,9})?)?Z?)?(?![0-9])/g;
const HASH = /(?<![0-9A-Za-z])(?:[0-9a-f]{16,128}|\$hash)(?![0-9A-Za-z])/g;
const HEX = /(?<![0-9A-Za-z])(?:[0-9a-f]{4,64}|[0-9A-F]{4,64})(?![0-9A-Za-z])/g;
const NUMBER = /\d{1,20}/g;
const WORD = /[A-Za-z0-9]{6,64}/g;
/** `%home%ann%notes%a.txt`, as vim names what it keeps of a file; `!home!ann!a.txt`, as Emacs does. */
const SPELLED = /^[%!][^/%!{}]{1,80}(?:[%!][^/%!{}]{1,80}){1,40}$/;
/** A mark that no name has, with the place of the kind in a list. */
const MARK = "\u0000";
const MARKED = new RegExp(`${MARK}(.)`, "g");

/** The class by form, or undefined for a name without any. `hexadecimal`: numbers here have letters. */
export function shapeOf(name: string, hexadecimal = false): string | undefined {
  if (name.startsWith("{")) return ofLabel(name);
  const found: KindName[] = [];
  const put = (kind: KindName) => `${MARK}${String.fromCharCode(0xe000 + found.push(kind) - 1)}`;
  let text = name.replace(UUID, () => put("uuid")).replace(HASH, (part) => (isHash(part) ? put("hash") : part));
  text = text.replace(DATE, () => put("date"));
  text = text.replace(WORD, (part) => (looksDrawn(part) && !/^\d+$/.test(part) ? put("random") : part));
  if (hexadecimal) text = text.replace(HEX, (part) => (/\d/.test(part) ? put("x") : part));
  text = text.replace(NUMBER, () => put("n"));
  if (found.length === 0) return undefined;
  return written(text, found);
}

/** The class of a path that is spelled out as a name; undefined for any other name. */
export function spelledShape(name: string): string | undefined {
  const ending = endingOf(name);
  return SPELLED.test(name.slice(0, name.length - ending.length)) && isPlain(ending) ? `{<path>}${ending}` : undefined;
}

/** Whether a number of the name has hexadecimal letters. */
export function hasHexLetters(name: string): boolean {
  return (name.match(HEX) ?? []).some((part) => /\d/.test(part) && /[a-fA-F]/.test(part));
}

function isHash(part: string): boolean {
  return part === "$hash" || (/\d/.test(part) && /[a-f]/.test(part));
}

/** `{git#2}.lock`: which of the names that a program made does not count. */
function ofLabel(name: string): string | undefined {
  const label = /^\{([^{}<>@#$/]{1,64})#(?:\d{1,4}|\+)\}([^{}<>@#$]*)$/.exec(name);
  return label ? `{${label[1]}#<k>}${label[2]}` : undefined;
}

function written(text: string, found: readonly KindName[]): string | undefined {
  if (!isPlain(text)) return undefined;
  const ending = /\.[A-Za-z][A-Za-z0-9]{0,9}$/.exec(text)?.[0] ?? "";
  const inner = text.slice(0, text.length - ending.length);
  if (!inner.includes(MARK) || ending.includes(MARK)) return undefined;
  const kinds = inner.replace(MARKED, (_, at: string) => `<${found[at.charCodeAt(0) - 0xe000]}>`);
  const whole = `{${kinds}}${ending}`;
  const known = classes.get(whole);
  return known === undefined ? asClass(whole) : known;
}

/** The text if it is a class; the answers are kept, because most names are of few forms. */
function asClass(text: string): string | undefined {
  if (classes.has(text)) return undefined;
  if (classes.size >= MOST_KEPT) classes.clear();
  const found = NameClass.parse(text) instanceof NameClass ? text : undefined;
  classes.set(text, found);
  return found;
}

const MOST_KEPT = 4096;
const classes = new Map<string, string | undefined>();

/** The ending of a name with its dot, as templates keep it; empty if there is none. */
export function endingOf(name: string): string {
  return /.(\.[A-Za-z][A-Za-z0-9]{0,9})$/.exec(name)?.[1] ?? "";
}

/** The narrowest template that takes all of these names: what they begin and end with, up to a separator, stays. */
export function templateOf(names: readonly string[], ending: string): string | undefined {
  const stems = names.map((name) => name.slice(0, name.length - ending.length));
  if (!isPlain(ending)) return undefined;
  const head = /^(?:.*[-_.])?/.exec(shared(stems))?.[0] ?? "";
  const rests = stems.map((stem) => stem.slice(head.length));
  const back = rests.map((rest) => [...rest].reverse().join(""));
  const tail = [...(/^(?:.*[-_.])?/.exec(shared(back))?.[0] ?? "")].reverse().join("");
  const middles = rests.map((rest) => rest.slice(0, rest.length - tail.length));
  const kind = middles.every((middle) => /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(middle)) ? "word" : "name";
  const candidates = [`{${head}<${kind}>${tail}}${ending}`, `{<${kind}>}${ending}`, `{<name>}${ending}`];
  return candidates.find((text) => {
    const parsed = NameClass.parse(text);
    return parsed instanceof NameClass && names.every((name) => parsed.matches(name));
  });
}

/** What all texts begin with. */
function shared(texts: readonly string[]): string {
  const [first = "", ...others] = texts;
  let length = first.length;
  for (const other of others) {
    let at = 0;
    while (at < length && other[at] === first[at]) at += 1;
    length = at;
  }
  return first.slice(0, length);
}

/** Whether the lens made the name: `{gcc#1}.s`. */
export function isLabel(name: string): boolean {
  return name.startsWith("{");
}
