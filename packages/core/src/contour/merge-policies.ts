/** The policy that two branches have made of one: member by member, and lists element by element. */
import { IsolineError } from "../error.ts";
import { rulesOfBranches } from "../identity/classes/branches.ts";
import { parseRules } from "../identity/classes/parse-rule.ts";
import { canonicalRule } from "../identity/classes/rule.ts";

type Members = Readonly<Record<string, unknown>>;

/**
 * The members in which one branch differs from the origin are taken from that branch. Of lists, what either branch added is there, and
 * what either took out is not. Throws `not-comparable` where both made another value of the same member, or of one element of a list.
 */
export function mergePolicies(origin: string, ours: string, theirs: string): string {
  if (ours === theirs || theirs === origin) return ours;
  if (ours === origin) return theirs;
  const [before, one, other] = [origin, ours, theirs].map((text) => JSON.parse(text) as Members) as [
    Members,
    Members,
    Members,
  ];
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  const members = keys.map((key) => [key, mergeMember(key, before[key], one[key], other[key])] as const);
  return JSON.stringify(Object.fromEntries(members.filter(([, value]) => value !== undefined)));
}

function mergeMember(key: string, before: unknown, one: unknown, other: unknown): unknown {
  const [was, first, second] = [before, one, other].map((value) => JSON.stringify(value));
  if (first === second || second === was) return one;
  if (first === was) return other;
  const lists = [before, one, other].map((value) => (value === undefined ? [] : value));
  if (!lists.every((list) => Array.isArray(list)))
    throw conflict(key, `both branches changed ${JSON.stringify(key)} of the policy: ${first} and ${second}`);
  const [origin, ours, theirs] = lists as [unknown[], unknown[], unknown[]];
  const merged =
    key === "classes"
      ? rulesOfBranches(parseRules(origin), parseRules(ours), parseRules(theirs)).map(canonicalRule)
      : mergeLists(key, origin, ours, theirs);
  return merged.length === 0 ? undefined : merged;
}

/** An element has no name by which it could be known again, so that one which neither branch has any more may have been changed. */
function mergeLists(key: string, before: readonly unknown[], one: readonly unknown[], other: readonly unknown[]) {
  const [was, first, second] = [before, one, other].map((list) => list.map((each) => JSON.stringify(each))) as [
    string[],
    string[],
    string[],
  ];
  const [ours, theirs] = [new Set(first), new Set(second)];
  const known = new Set(was);
  const gone = was.find((text) => !ours.has(text) && !theirs.has(text));
  const added = [...first, ...second].find((text) => !known.has(text) && !(ours.has(text) && theirs.has(text)));
  if (gone !== undefined && added !== undefined)
    throw conflict(
      key,
      `both branches took ${gone} out of ${JSON.stringify(key)} of the policy, and one wrote ${added}`,
    );
  const stays = (text: string) => !known.has(text) || (ours.has(text) && theirs.has(text));
  const merged = interleaved(first.filter(stays), second.filter(stays));
  if (merged === undefined)
    throw conflict(key, `both branches changed ${JSON.stringify(key)} of the policy, and have it in different orders`);
  return merged.map((text) => JSON.parse(text) as unknown);
}

/** Every element once, in an order that is that of each list: of pseudonyms the first that matches counts. Undefined if there is none. */
function interleaved(first: readonly string[], second: readonly string[]): string[] | undefined {
  const [ours, theirs] = [new Set(first), new Set(second)];
  const common = [...ours].filter((text) => theirs.has(text));
  if ([...theirs].filter((text) => ours.has(text)).some((text, at) => text !== common[at])) return undefined;
  const left = [...theirs];
  const merged: string[] = [];
  for (const text of ours) {
    if (theirs.has(text)) merged.push(...left.splice(0, left.indexOf(text)), ...left.splice(0, 1));
    else merged.push(text);
  }
  return [...merged, ...left];
}

function conflict(key: string, what: string): IsolineError {
  return new IsolineError(
    "not-comparable",
    `${what}; make ${JSON.stringify(key)} equal in both contours, and merge again`,
  );
}
