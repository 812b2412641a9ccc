/** Reads the list `tools` of a policy. Everything unknown is refused, as everywhere in a policy. */
import { IsolineError } from "../../error.ts";
import { isEscaped } from "../../event/escape.ts";
import { Glob } from "../glob.ts";
import { type PlaceRule, type ToolRule, toolRuleKinds } from "./rule.ts";

const MAX_RULES = 256;
const MAX_NAMES = 64;
const MAX_WHY = 400;
/** A program, and behind a colon the script that it runs. */
const NAME = /^[A-Za-z0-9._+*-]{1,64}(?::[A-Za-z0-9._+*@-]{1,64})?$/;

/** @throws IsolineError `bad-policy` */
export function parseTools(value: unknown): readonly ToolRule[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw refusal("tools", "a list", "write one {kind, in, by, form, why} per entry");
  if (value.length > MAX_RULES) throw refusal("tools", `at most ${MAX_RULES} entries`, "use wider patterns");
  return Array.from(value, parseTool);
}

/** A rule with its keys in alphabetical order. */
export function canonicalTool(rule: ToolRule): ToolRule {
  const { why } = rule;
  switch (rule.kind) {
    case "names":
      return { form: rule.form, in: rule.in, kind: rule.kind, why };
    case "maker":
    case "finisher":
      return { by: rule.by, kind: rule.kind, why };
    default:
      return { by: rule.by, in: rule.in, kind: rule.kind, why };
  }
}

function parseTool(value: unknown, index: number): ToolRule {
  const key = `tools[${index}]`;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refusal(key, "a table with the keys kind, in, by, form, why", "see docs/lens.md");
  const { kind, in: place, by, form, why, ...more } = value as Record<string, unknown>;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined)
    throw refusal(
      `${key}.${JSON.stringify(unknown.slice(0, 60))}`,
      "one of the keys kind, in, by, form, why",
      "remove it",
    );
  if (!toolRuleKinds.includes(kind as ToolRule["kind"]))
    throw refusal(`${key}.kind`, `one of ${toolRuleKinds.join(", ")}`, "choose one of them");
  if (kind === "names") {
    if (by !== undefined) throw refusal(`${key}.by`, "nothing, for names", "remove it");
    if (form !== "digest" && form !== "number" && form !== "directory")
      throw refusal(`${key}.form`, "digest, number or directory", "choose one of them");
    return { kind, form, in: parsePlace(place, key), why: parseWhy(why, key) };
  }
  if (form !== undefined) throw refusal(`${key}.form`, "nothing but for names", "remove it");
  const told = { by: parseNames(by, key), why: parseWhy(why, key) };
  if (kind === "maker" || kind === "finisher") {
    if (place !== undefined) throw refusal(`${key}.in`, `nothing, for a ${kind}`, "remove it");
    return { kind, ...told };
  }
  return { kind: kind as PlaceRule["kind"], in: parsePlace(place, key), ...told };
}

function parseNames(value: unknown, key: string): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_NAMES)
    throw refusal(`${key}.by`, `a list of one to ${MAX_NAMES} names of programs`, "name who may do it");
  for (const name of value) {
    if (typeof name !== "string" || !NAME.test(name))
      throw refusal(`${key}.by`, "names such as ld, *-ld.bfd or node:npm-cli.js", "correct the name");
    const literal = (name.split(":")[0] as string).replaceAll("*", "");
    if (literal.length < 2 || !/[A-Za-z0-9]/.test(literal))
      throw refusal(`${key}.by`, "two characters beside a *, so that it is not any program", "write it out");
  }
  return value;
}

function parsePlace(value: unknown, key: string): string {
  const glob = typeof value === "string" ? Glob.parse(value) : { problem: "a pattern" };
  if (!(glob instanceof Glob)) throw refusal(`${key}.in`, glob.problem, "write a path as a contour shows it");
  return glob.text;
}

function parseWhy(value: unknown, key: string): string {
  if (typeof value !== "string" || value.trim() === "" || value.length > MAX_WHY || !isPlain(value))
    throw refusal(`${key}.why`, `one line of at most ${MAX_WHY} characters that says why`, "say it in a sentence");
  return value;
}

function isPlain(text: string): boolean {
  return isEscaped(text.replaceAll(" ", "_").replaceAll("\\", "_"));
}

function refusal(key: string, expected: string, advice: string): IsolineError {
  return new IsolineError("bad-policy", `policy: ${key}: expected ${expected}; ${advice}`);
}
