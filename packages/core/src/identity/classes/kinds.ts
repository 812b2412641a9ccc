/**
 * The kinds of names that a class stands for, as they are written in a rule and in a levelled path: `{photo-<n>}.jpg`.
 *
 * Each kind is a regular expression over one component of a levelled path. None can take a slash, a dot at the start, or more
 * characters than it says. Two kinds never touch each other, but one may take what stands between them: see name-split.ts.
 */
import { looksDrawn } from "../random-name.ts";

export interface Kind {
  /** Matches the part of a name, without anchors and without groups. */
  readonly source: string;
  /** What such a part is, for a person. */
  readonly says: string;
  /** Decides where the form alone is not enough. */
  readonly fits?: (part: string) => boolean;
  /** How much it gives up: 1 a name that is a number, 5 any name. */
  readonly cost: number;
}

const DATE = "(?:19|20)[0-9]{2}[-_.]?[01][0-9][-_.]?[0-3][0-9]";
const TIME = "(?:[T_.-]?[0-2][0-9][-_.:h]?[0-5][0-9](?:[-_.:]?[0-5][0-9](?:[-_.:]?[0-9]{1,9})?)?Z?)?";
const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

export const kinds = {
  hash: {
    source: "(?:\\$hash|[0-9a-f]{7,128}|[0-9a-f]{2})",
    says: "a hash, or the two digits by which a store spreads its entries",
    cost: 1,
  },
  uuid: { source: UUID, says: "a UUID", cost: 1 },
  random: {
    source: "(?:[A-Za-z0-9_]{6,64}|\\{[^{}/]{1,80}#(?:[0-9]{1,4}|\\+)\\})",
    says: "a name that looks random",
    fits: (part: string) => part.startsWith("{") || looksDrawn(part),
    cost: 1,
  },
  id: {
    source: "(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{5,63})|\\{[^{}/]{1,80}#(?:[0-9]{1,4}|\\+)\\})",
    says: "a name that is numbered or drawn, with four digits and more",
    fits: (part: string) => part.startsWith("{") || (part.match(/[0-9]/g)?.length ?? 0) >= 4,
    cost: 2,
  },
  k: { source: "(?:[0-9]{1,4}|\\+)", says: "the number of a name that the workload made", cost: 1 },
  n: { source: "[0-9]{1,20}", says: "a number", cost: 2 },
  x: { source: "(?:[0-9a-f]{4,64}|[0-9A-F]{4,64})", says: "a hexadecimal number", cost: 2 },
  date: { source: `${DATE}${TIME}`, says: "a date", cost: 2 },
  path: {
    source: "(?:[%!][^/%!{}]{1,80}(?:[%!][^/%!{}]{1,80}){1,40}|\\{[^{}/]{1,80}#(?:[0-9]{1,4}|\\+)\\})",
    says: "a path that is spelled out as a name, as editors name what they keep of a file",
    cost: 2,
  },
  one: { source: "[^/]{1,255}", says: "one of the names that were learnt", cost: 3 },
  tree: { source: "[^/]{1,255}", says: "any file below, to read", cost: 4 },
  word: { source: "[A-Za-z0-9][A-Za-z0-9_-]{0,63}", says: "any name of letters, digits, - and _", cost: 5 },
  name: { source: "[^./${}~][^/{}]{0,254}", says: "any name", cost: 6 },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;

/** Kinds whose names are not bounded by a form: at most one of them in a component. */
export const openKinds: ReadonlySet<KindName> = new Set<KindName>(["one", "tree", "id", "path", "word", "name"]);

/** Kinds that take names which were not learnt, and have no form. */
export const unboundedKinds: ReadonlySet<KindName> = new Set<KindName>(["tree", "word", "name"]);

export function isKind(name: string): name is KindName {
  return Object.hasOwn(kinds, name);
}
