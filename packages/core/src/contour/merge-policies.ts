/** The policy that two branches have made of one: member by member, and lists element by element. */
import { IsolineError } from "../error.ts";
import { combinedRules } from "../identity/classes/combine.ts";
import { parseRule } from "../identity/classes/parse-rule.ts";
import { canonicalRule } from "../identity/classes/rule.ts";

type Members = Readonly<Record<string, unknown>>;

/**
 * The members in which one branch differs from the origin are taken from that branch. Of lists, what either branch added is there, and
 * what either took out is not. Throws `not-comparable` where both made another value of the same member.
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
    throw new IsolineError(
      "not-comparable",
      `both branches changed ${JSON.stringify(key)} of the policy: ${first} and ${second}; make them equal, and merge again`,
    );
  const merged = mergeLists(...(lists as unknown[][] as [unknown[], unknown[], unknown[]]));
  if (merged.length === 0) return undefined;
  return key === "classes" ? combinedRules(rulesIn(merged)).map(canonicalRule) : merged;
}

function rulesIn(list: readonly unknown[]) {
  return list.map((rule, at) => parseRule(rule, `classes[${at}]`));
}

function mergeLists(before: readonly unknown[], one: readonly unknown[], other: readonly unknown[]): unknown[] {
  const [was, first, second] = [before, one, other].map(
    (list) => new Set(list.map((each) => JSON.stringify(each))),
  ) as [Set<string>, Set<string>, Set<string>];
  const stays = (text: string) => !was.has(text) || (first.has(text) && second.has(text));
  return [...new Set([...first, ...second])].filter(stays).map((text) => JSON.parse(text) as unknown);
}
