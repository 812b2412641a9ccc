/**
 * Patterns over texts and over paths. `*` stands for any characters (in a path: of one component), `**` for any number of
 * components, `?` for one character. A path with a slash at its end is that directory and everything below it.
 *
 * Time is bounded by the product of the two lengths: a pattern may come from a script, and names come from a workload.
 */
import { isEscaped } from "../../event/escape.ts";
import { Glob } from "../../identity/glob.ts";

export type TextTest = (text: string) => boolean;

const MOST_LETTERS = 1024;

/** A test for a path as it is written, or a text that says what was expected. */
export function pathPattern(text: string): TextTest | { readonly problem: string } {
  if (text.length === 0 || text.length > MOST_LETTERS) return { problem: `a path of 1 to ${MOST_LETTERS} characters` };
  if (!isEscaped(text)) return { problem: "a path as the contour shows it, with a space as \\x20" };
  if (text === "/") return (path) => path.startsWith("/");
  if (text.endsWith("/")) {
    const glob = Glob.anywhere(text.slice(0, -1));
    return glob instanceof Glob ? (path) => glob.match(path) > 0 : glob;
  }
  const glob = Glob.anywhere(text);
  return glob instanceof Glob ? (path) => path.length > 0 && glob.match(path) === path.length : glob;
}

/** A test for a text that is no path: a star also stands for slashes. */
export function textPattern(text: string): TextTest | { readonly problem: string } {
  if (text.length > MOST_LETTERS) return { problem: `at most ${MOST_LETTERS} characters` };
  const parts = text.split(/\*+/);
  return (value) => matchesParts(parts, value);
}

/** Each part after the first is found as early as possible, which leaves most for those that follow. */
function matchesParts(parts: readonly string[], value: string): boolean {
  const [first = "", ...others] = parts;
  if (!fits(first, value, 0)) return false;
  let at = first.length;
  for (const [index, part] of others.entries()) {
    const isLast = index === others.length - 1;
    const found = isLast ? value.length - part.length : firstFit(part, value, at);
    if (found < at || !fits(part, value, found)) return false;
    at = found + part.length;
  }
  return at === value.length;
}

function firstFit(part: string, value: string, from: number): number {
  for (let at = from; at + part.length <= value.length; at++) if (fits(part, value, at)) return at;
  return -1;
}

function fits(part: string, value: string, at: number): boolean {
  if (at < 0 || at + part.length > value.length) return false;
  for (let offset = 0; offset < part.length; offset++)
    if (part[offset] !== "?" && part[offset] !== value[at + offset]) return false;
  return true;
}
