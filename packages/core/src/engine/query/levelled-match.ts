/**
 * Whether a path with tokens may be one that a pattern fits: `{photo-<n>}.jpg` may be `photo-12.jpg`, `{gcc#1}.s` any name with that
 * ending. Where a name is not known the answer is yes, so that "nothing" can be relied on.
 */
import { NameClass } from "../../identity/classes/name-class.ts";
import { textPattern } from "./text-pattern.ts";

/** A component that a token of the lens, or a class rule, has put in place of a name. */
const TOKEN = /^(?:\{.*\}|\$[a-z])/;

export function hasTokens(path: string): boolean {
  return path.includes("{") || path.includes("/$");
}

/** `pattern`: components, of which `**` stands for any number. Time is bounded by the product of both lengths. */
export function mayFit(path: readonly string[], pattern: readonly string[]): boolean {
  // From the end: whether the rest of the path from each place on may fit the rest of the pattern.
  let fits = path.map(() => false).concat(true);
  for (let at = pattern.length - 1; at >= 0; at--) {
    const part = pattern[at] as string;
    const isAny = part === "**";
    const next = [...path, ""].map(() => false);
    next[path.length] = isAny && (fits[path.length] as boolean);
    for (let place = path.length - 1; place >= 0; place--) {
      const component = path[place] as string;
      if (isTree(component)) next[place] = true;
      else if (isAny) next[place] = (fits[place] as boolean) || (next[place + 1] as boolean);
      else next[place] = mayBe(component, part) && (fits[place + 1] as boolean);
    }
    fits = next;
  }
  return fits[0] as boolean;
}

/** A class that takes whole trees of names. */
function isTree(component: string): boolean {
  return component.startsWith("{<tree>}");
}

function mayBe(component: string, part: string): boolean {
  const test = textPattern(part);
  if (typeof test === "function" && test(component)) return true;
  if (!TOKEN.test(component)) return false;
  // A pattern in place of a name: it may stand for one of them.
  if (/[*?]/.test(part)) return true;
  const names = NameClass.parse(component);
  if (names instanceof NameClass) return names.matches(part);
  return component.startsWith("$") || part.endsWith(component.slice(component.lastIndexOf("}") + 1));
}
