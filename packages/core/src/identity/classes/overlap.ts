/**
 * What one class rule takes and another does not, and whether two rules may take one act. Where that cannot be told of two classes of
 * names, they may: the answer is for a person, who can say that they do not.
 */
import { NameClass } from "./name-class.ts";
import type { ClassRule } from "./rule.ts";

/** The parts of a rule that another rule for the same place does not take: all of it where there is none, nothing where it takes all. */
export function beyond(rule: ClassRule, other: ClassRule | undefined): ClassRule[] {
  if (other === undefined) return [rule];
  const parts: ClassRule[] = [];
  const of = without(rule.of, other.of);
  if (of.length > 0) parts.push({ ...rule, of });
  if (other.by !== undefined) {
    if (rule.by === undefined) parts.push(rule);
    else if (without(rule.by, other.by).length > 0) parts.push({ ...rule, by: without(rule.by, other.by) });
  }
  const learnt = without(rule.names ?? [], other.names ?? []);
  const taken = without(other.but ?? [], rule.but ?? []).filter((name) => rule.names?.includes(name) ?? true);
  const names = [...new Set([...learnt, ...taken])];
  if (names.length > 0) parts.push({ ...rule, names });
  return parts;
}

/**
 * Whether two rules may take one act. A class stands for a directory as well as for a file, so that a rule takes part in all that lies
 * below its place.
 */
export function mayMeet(one: ClassRule, other: ClassRule): boolean {
  if (one.found !== other.found || without(one.of, other.of).length === one.of.length) return false;
  if (one.by && other.by && without(one.by, other.by).length === one.by.length) return false;
  const [first, second] = [componentsOf(one), componentsOf(other)];
  if (one.found !== undefined && first.length !== second.length) return false;
  const shorter = first.length <= second.length ? first : second;
  return shorter.every((_, at) => haveOneName(first[at] as Component, second[at] as Component));
}

/** One component of a place. */
interface Component {
  /** The names that it takes, if they are known one by one. */
  readonly names: readonly string[] | undefined;
  readonly takes: (name: string) => boolean;
  /** How each name begins and ends. */
  readonly ends: readonly [head: string, tail: string];
}

const componentsOfRules = new WeakMap<ClassRule, readonly Component[]>();

function componentsOf(rule: ClassRule): readonly Component[] {
  const found = componentsOfRules.get(rule);
  if (found !== undefined) return found;
  const components = rule.at.split("/").map((_, at, texts) => component(rule, texts, at));
  componentsOfRules.set(rule, components);
  return components;
}

function component(rule: ClassRule, texts: readonly string[], at: number): Component {
  const text = texts[at] as string;
  const parsed = NameClass.parse(text);
  if (!(parsed instanceof NameClass)) return { names: [text], takes: (name) => name === text, ends: [text, text] };
  const isOwn = at === texts.length - 1;
  const but = new Set(isOwn ? rule.but : []);
  const names = isOwn ? rule.names : undefined;
  const few = names && new Set(names);
  return { names, takes: (name) => !but.has(name) && (few?.has(name) ?? parsed.matches(name)), ends: endsOf(parsed) };
}

/** The braces of a class are not part of its names, but for the number of a name that the workload made: `{gcc#<k>}.s`. */
function endsOf({ text, kinds }: NameClass): [head: string, tail: string] {
  const [head, tail] = [text.slice(0, text.indexOf("<")), text.slice(text.lastIndexOf(">") + 1)];
  return kinds[0] === "k" ? [head, tail] : [head.slice(1), tail.replace("}", "")];
}

function haveOneName(one: Component, other: Component): boolean {
  const known = one.names ?? other.names;
  if (known !== undefined) return known.some((name) => one.takes(name) && other.takes(name));
  const [[head, tail], [otherHead, otherTail]] = [one.ends, other.ends];
  return (
    (head.startsWith(otherHead) || otherHead.startsWith(head)) && (tail.endsWith(otherTail) || otherTail.endsWith(tail))
  );
}

function without<T extends string>(all: readonly T[], some: readonly T[]): T[] {
  const known = new Set(some);
  return all.filter((each) => !known.has(each));
}
