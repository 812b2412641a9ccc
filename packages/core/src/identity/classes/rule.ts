/**
 * A class rule of a policy: a line that a person reviews, and can delete.
 *
 *   { "at": "$CWD/up/{photo-<n>}.jpg", "by": ["nginx"], "of": ["create", "open"], "replaces": 31,
 *     "accepts": "a number", "because": "12 of 16 runs made new names there, 31 in all" }
 *   { "at": "$CWD/out", "found": "any", "of": ["create", "open", "rename"], … }
 *
 * The first kind puts a class in place of one name of one directory. The second says that what was found there does not count:
 * whether a file was there already, and its permissions.
 */
import type { Operation } from "../../event/operations.ts";
import { NameClass } from "./name-class.ts";

export interface ClassRule {
  /** The directory, as levelled paths write it, and the class of names in it; for `found`, the directory alone. */
  readonly at: string;
  /** What was found in the directory does not count. */
  readonly found?: "any";
  /** The names of a closed class (`<one>`), ascending. */
  readonly names?: readonly string[];
  /** Names that the class never takes, because nearly every run has them, ascending. */
  readonly but?: readonly string[];
  /** The programs, each with those that led to it: `sh>make>cc1`. All programs if absent. */
  readonly by?: readonly string[];
  readonly of: readonly Operation[];
  /** How many learnt acts it replaced. */
  readonly replaces: number;
  /** What it accepts that was not learnt, in words. */
  readonly accepts: string;
  /** The evidence, in words. */
  readonly because: string;
}

/** A rule as JSON has it: keys in one order, nothing that is absent. */
export function canonicalRule(rule: ClassRule): Record<string, unknown> {
  const { accepts, at, because, but, by, found, names, of, replaces } = rule;
  const all = { accepts, at, because, but, by, found, names, of, replaces };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The directory and the class of a rule for names. */
export function partsOf(rule: ClassRule): { readonly directory: string; readonly names: NameClass } | undefined {
  if (rule.found !== undefined) return undefined;
  const slash = rule.at.lastIndexOf("/");
  const names = NameClass.parse(rule.at.slice(slash + 1));
  return names instanceof NameClass ? { directory: rule.at.slice(0, slash), names } : undefined;
}
