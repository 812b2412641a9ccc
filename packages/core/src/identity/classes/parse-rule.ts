/** Reads the class rules of a policy. Everything that a rule must not say is refused, with the reason. */
import { IsolineError } from "../../error.ts";
import { isEscaped } from "../../event/escape.ts";
import type { Operation } from "../../event/operations.ts";
import { foundOperations } from "./found-state.ts";
import { guardOf, isGuardedName } from "./guarded.ts";
import { componentsOf } from "./levelled-path.ts";
import { NameClass } from "./name-class.ts";
import { classFields, classOperations } from "./operations.ts";
import type { ClassRule } from "./rule.ts";

export const MOST_RULES = 1000;
export const MOST_NAMES = 512;
export const MOST_PROGRAMS = 64;
const MOST_CHARACTERS = 1024;
const keys = ["accepts", "at", "because", "but", "by", "found", "names", "of", "replaces"];

/** @throws IsolineError `bad-policy`, naming the rule, what was expected and what came */
export function parseRules(value: unknown): ClassRule[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MOST_RULES)
    throw refusal(
      "classes",
      `a list of at most ${MOST_RULES} rules`,
      "learn it again, or generalise for a higher target",
    );
  const rules = Array.from(value, (each, at) => parseRule(each, `classes[${at}]`));
  const seen = new Map<string, number>();
  for (const [at, { at: place, found }] of rules.entries()) {
    const key = `${found ?? ""} ${place}`;
    if (seen.has(key))
      throw refusal(`classes[${at}].at`, `a place that classes[${seen.get(key)}] does not have`, "keep one of the two");
    seen.set(key, at);
  }
  return rules;
}

export function parseRule(value: unknown, key: string): ClassRule {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refusal(key, `a table with the keys ${keys.join(", ")}`, "see docs/lens.md");
  const source = value as Record<string, unknown>;
  const strange = Object.keys(source).find((name) => !keys.includes(name));
  if (strange !== undefined)
    throw refusal(
      `${key}.${JSON.stringify(strange.slice(0, 40)).slice(1, -1)}`,
      `one of the keys ${keys.join(", ")}`,
      "remove it",
    );
  const at = text(source["at"], `${key}.at`);
  const of = operationsOf(source["of"], key);
  const found = source["found"];
  if (found !== undefined && found !== "any")
    throw refusal(`${key}.found`, '"any"', "remove it for a rule about names");
  const names = namesOf(source["names"], `${key}.names`, MOST_NAMES);
  const but = namesOf(source["but"], `${key}.but`, MOST_NAMES);
  const by = namesOf(source["by"], `${key}.by`, MOST_PROGRAMS);
  if (found === undefined) assertNames(at, of, names, key);
  else assertDirectory(at, of, names ?? but, key);
  return {
    at,
    ...(found === undefined ? {} : { found }),
    ...(names && { names }),
    ...(but && { but }),
    ...(by && { by }),
    of,
    replaces: count(source["replaces"], key),
    accepts: text(source["accepts"], `${key}.accepts`, true),
    because: text(source["because"], `${key}.because`, true),
  };
}

function assertNames(at: string, of: readonly Operation[], names: readonly string[] | undefined, key: string): void {
  const slash = at.lastIndexOf("/");
  const parsed = NameClass.parse(at.slice(slash + 1));
  const guarded = names?.find(
    (name) => name.startsWith(".") || isGuardedName(name) || guardOf(`$CWD/${name}`, true, "form") !== undefined,
  );
  if (guarded !== undefined)
    throw refusal(`${key}.names`, `no name such as ${guarded}`, "learn what is done with it by its name");
  if (!(parsed instanceof NameClass)) throw refusal(`${key}.at`, parsed.problem, "correct the last component");
  const closed = parsed.kinds[0] === "one";
  if (closed !== (names !== undefined))
    throw refusal(`${key}.names`, "the names of a class <one>, and of no other", "correct it");
  if (parsed.kinds[0] === "tree" && of.some((operation) => operation !== "open"))
    throw refusal(`${key}.of`, "only open, because <tree> is for reading", "correct it");
  assertPlace(at.slice(0, slash), parsed, of, key);
}

function assertPlace(directory: string, names: NameClass, of: readonly Operation[], key: string): void {
  const probe = `${directory}/0`;
  const place = componentsOf(probe);
  if (place === undefined || !probe.startsWith("$"))
    throw refusal(
      `${key}.at`,
      "a place that begins with $CWD, $HOME, $TMP, $RUNTIME or $/",
      "write it as a contour shows it",
    );
  const why = guardOf(
    probe,
    of.some((operation) => operation !== "open"),
    names.reach,
  );
  if (why !== undefined)
    throw refusal(`${key}.at`, `no class in such a place (${why})`, "learn what is done there name by name");
  const isWide = names.kinds.some((kind) => kind === "word" || kind === "name") && /^\{<\w+>\}$/.test(names.text);
  if (isWide && place.length <= 2 && place[0] !== "$CWD" && place[0] !== "$TMP")
    throw refusal(`${key}.at`, `an ending, because ${place[0]} holds much that is not the workload's`, "narrow it");
}

function assertDirectory(
  at: string,
  of: readonly Operation[],
  names: readonly string[] | undefined,
  key: string,
): void {
  if (names !== undefined) throw refusal(key, "no names in a rule about what was found", "remove them");
  const why = guardOf(`${at}/0`, true);
  if (why !== undefined || componentsOf(`${at}/0`) === undefined || !at.startsWith("$"))
    throw refusal(`${key}.at`, `a directory where a class may be${why ? ` (this one: ${why})` : ""}`, "correct it");
  if (of.some((operation) => !foundOperations.includes(operation)))
    throw refusal(`${key}.of`, `some of ${foundOperations.join(", ")}`, "correct it");
}

function operationsOf(value: unknown, key: string): Operation[] {
  if (!Array.isArray(value) || value.length === 0 || value.some((each) => !Object.hasOwn(classFields, String(each))))
    throw refusal(
      `${key}.of`,
      `some of ${classOperations.join(", ")}`,
      "nothing is levelled in what is executed or mapped",
    );
  return [...new Set(value as Operation[])].toSorted();
}

function namesOf(value: unknown, key: string, most: number): string[] | undefined {
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.length > 0 && value.length <= most;
  if (
    !isList ||
    value.some((each) => typeof each !== "string" || each === "" || each.length > MOST_CHARACTERS || !isEscaped(each))
  )
    throw refusal(key, `one to ${most} escaped texts`, "shorten it");
  return [...new Set(value as string[])].toSorted();
}

/** `says`: words for a person, with spaces between them. */
function text(value: unknown, key: string, says = false): string {
  const isText = typeof value === "string" && value.length <= MOST_CHARACTERS;
  if (!isText || !(says ? value.split(" ") : [value]).every(isEscaped))
    throw refusal(key, `escaped text of at most ${MOST_CHARACTERS} characters`, "correct it");
  return value;
}

function count(value: unknown, key: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 2 ** 31)
    throw refusal(`${key}.replaces`, "how many acts it replaced", "write 0 if it is your own rule");
  return value as number;
}

function refusal(key: string, expected: string, advice: string): IsolineError {
  return new IsolineError("bad-policy", `policy: ${key}: expected ${expected}; ${advice}`);
}
