/**
 * Path patterns of a policy: `*` and `?` within one component, `**` for any number of whole components.
 *
 * A pattern matches a path from its start and ends at a component boundary; the longest such match counts, so what lies
 * below a matched directory stays visible. A last `**` needs at least one component. Everything else, braces and brackets
 * included, stands for itself. Both sides are escaped text, in which an escape `\xHH` is one character.
 *
 * Matching never backtracks over components (it follows all positions in the pattern at once), and inside a component a
 * star that fails is only ever extended, so time is bounded by the product of the two lengths, whatever they hold.
 */
import { IsolineError } from "../error.ts";
import { isEscaped } from "../event/escape.ts";

const MAX_LENGTH = 1024;
const MAX_COMPONENTS = 64;
const ANY_DEPTH = "**";

export class Glob {
  readonly text: string;
  readonly #components: readonly string[];
  readonly #head: string;

  private constructor(text: string, components: readonly string[]) {
    this.text = text;
    this.#components = components;
    const wild = components.findIndex(isWild);
    this.#head = wild < 0 ? text : components.slice(0, wild).join("/");
  }

  /** The pattern, or a text that says why it is invalid. */
  static parse(text: string): Glob | { readonly problem: string } {
    const found = Glob.anywhere(text);
    if (!(found instanceof Glob)) return found;
    if (!text.startsWith("/") && !text.startsWith("$"))
      return { problem: "a pattern that starts with / or with a token such as $HOME" };
    const [root, below] = found.#components;
    const first = root === "" ? below : root;
    if (first === undefined || isWild(first))
      return { problem: "a first component without wildcards, so that a pattern cannot take every path" };
    return found;
  }

  /** The same for a pattern that may begin with a wildcard: one that is only searched with, and replaces nothing. */
  static anywhere(text: string): Glob | { readonly problem: string } {
    if (text.length > MAX_LENGTH) return { problem: `at most ${MAX_LENGTH} characters` };
    if (!isEscaped(text)) return { problem: "escaped text as a contour shows it, a space as \\x20" };
    const components = text.split("/");
    if (components.length > MAX_COMPONENTS) return { problem: `at most ${MAX_COMPONENTS} components` };
    if (components.slice(1).some((part) => part === "" || part === "." || part === ".."))
      return { problem: "no empty, . or .. component" };
    if (components.some((part) => part !== ANY_DEPTH && part.includes(ANY_DEPTH)))
      return { problem: "** as a whole component" };
    return new Glob(text, components);
  }

  /** Compiles a pattern that is known to be valid. */
  static of(text: string): Glob {
    const glob = Glob.parse(text);
    if (glob instanceof Glob) return glob;
    throw new IsolineError(
      "bad-policy",
      `pattern ${JSON.stringify(text.slice(0, 60))}: expected ${glob.problem}; correct it`,
    );
  }

  /** Length of the longest leading part of `path` that matches, or 0. */
  match(path: string): number {
    if (!path.startsWith(this.#head)) return 0;
    const pattern = this.#components;
    let live = openings([0], pattern);
    let matched = 0;
    for (let start = 0; start <= path.length && live.length > 0; ) {
      const slash = path.indexOf("/", start);
      const end = slash < 0 ? path.length : slash;
      const component = path.slice(start, end);
      const next: number[] = [];
      for (const at of live) {
        const part = pattern[at] as string;
        if (part === ANY_DEPTH) {
          next.push(at);
          if (at === pattern.length - 1) matched = end;
        } else if (matchComponent(part, component)) {
          next.push(at + 1);
          if (at === pattern.length - 1) matched = end;
        }
      }
      live = openings(next, pattern);
      start = end + 1;
    }
    return matched;
  }
}

/** The positions that are reachable without consuming a component, each once: a `**` that is not the last may match nothing. */
function openings(positions: readonly number[], pattern: readonly string[]): number[] {
  const open = new Set<number>();
  for (let at of positions) {
    while (at < pattern.length && !open.has(at)) {
      open.add(at);
      if (pattern[at] !== ANY_DEPTH || at === pattern.length - 1) break;
      at += 1;
    }
  }
  return [...open];
}

function isWild(component: string): boolean {
  return component.includes("*") || component.includes("?");
}

/** Matches one component against one component of the pattern. */
function matchComponent(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    const wanted = pattern[p];
    if (wanted === "*") {
      star = p++;
      resume = n;
    } else if (wanted === "?") {
      p += 1;
      n += unit(name, n);
    } else if (wanted !== undefined && pattern.startsWith(name.slice(n, n + unit(name, n)), p)) {
      const length = unit(name, n);
      p += length;
      n += length;
    } else if (star >= 0) {
      resume += unit(name, resume);
      n = resume;
      p = star + 1;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}

/** Length of the character at `at`: an escape is one character, and so is a surrogate pair. */
function unit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === 0x5c) return 4;
  return code >= 0xd800 && code < 0xdc00 ? 2 : 1;
}
