/**
 * Turns the content of a YAML or JSON policy file into a policy. Everything unknown is refused, because a misspelt key would
 * silently weaken the policy.
 *
 *   lens: default
 *   rules: { pty: false }
 *   pseudonyms:
 *     - { path: "$CWD/coverage/**", as: COVERAGE }
 *   reaction: deny
 */
import { IsolineError } from "../error.ts";
import { parseRules as parseClasses } from "./classes/parse-rule.ts";
import { Glob } from "./glob.ts";
import {
  contents,
  DEFAULT_POLICY,
  iouringChoices,
  LENS_VERSION,
  lensNames,
  type MitigationPolicy,
  namedPolicy,
  type Policy,
  type Pseudonym,
  reactions,
  trustedMitigations,
  untrustedMitigations,
} from "./policy.ts";
import { lensRules, type SwitchableRule, switchableRules } from "./rules/table.ts";
import { parseTools } from "./tools/parse.ts";

const keys = [
  "version",
  "lens",
  "content",
  "rules",
  "pseudonyms",
  "classes",
  "tools",
  "reaction",
  "iouring",
  "mitigations",
];
const pseudonymKeys = ["path", "as", "content"];
const MAX_PSEUDONYMS = 256;
/** Upper case, so that no pseudonym equals one of the lens's own tokens inside a path. */
const TOKEN = /^[A-Z][A-Z0-9_]{0,31}$/;
const RESERVED = new Set(
  "CWD HOME TMP RUNTIME CGROUP ABOVE IN NET HOST ROOTFS BUNDLE STATE ENGINE PIDFILE PROCESS CONSOLE RESOLVER".split(
    " ",
  ),
);

/**
 * Reads a policy from a plain object. Keys that are left out have the value the lens gives them; no key at all, or an
 * empty file (null), is the default policy.
 *
 * @throws IsolineError `bad-policy`, naming the key, what was expected, what came, and what to do
 */
export function parsePolicy(value: unknown): Policy {
  const source = value === null ? {} : table(value, "the policy", keys);
  if (source["version"] !== undefined && source["version"] !== LENS_VERSION) {
    throw refusal("version", String(LENS_VERSION), source["version"], "learn the contour again with this version");
  }
  const lens = choice(source["lens"], "lens", lensNames, "default");
  const base = namedPolicy(lens) as Policy;
  const content = choice(source["content"], "content", contents, base.content);
  if (lens === "exact" && content !== "read") {
    throw refusal(
      "content",
      '"read", which is what the exact lens means',
      content,
      "remove content, or use lens: default",
    );
  }
  return {
    lens,
    content,
    rules: { ...base.rules, ...parseRules(source["rules"]) },
    pseudonyms: parsePseudonyms(source["pseudonyms"]),
    classes: parseClasses(source["classes"]),
    tools: parseTools(source["tools"]),
    reaction: choice(source["reaction"], "reaction", reactions, base.reaction),
    iouring: choice(source["iouring"], "iouring", iouringChoices, base.iouring),
    mitigations: parseMitigations(source["mitigations"]),
  };
}

function parseMitigations(value: unknown): MitigationPolicy {
  if (value === undefined) return DEFAULT_POLICY.mitigations;
  const source = table(value, "mitigations", ["trusted", "untrusted", "required"]);
  const required = source["required"];
  return {
    trusted: names(source["trusted"], "mitigations.trusted", trustedMitigations),
    untrusted: names(source["untrusted"], "mitigations.untrusted", untrustedMitigations),
    required: required === undefined ? false : flag(required, "mitigations.required"),
  };
}

/** A list of words, each at most once. */
function names<T extends string>(value: unknown, key: string, allowed: readonly T[]): readonly T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > allowed.length || new Set(value).size !== value.length)
    throw refusal(key, `a list of ${allowed.join(", ")}, each at most once`, value, "see docs/mitigations.md");
  return Array.from(value, (each, index) => choice(each, `${key}[${index}]`, allowed, each as T));
}

function parseRules(value: unknown): Partial<Record<SwitchableRule, boolean>> {
  if (value === undefined) return {};
  const source = table(value, "rules", switchableRules, (key) =>
    Object.hasOwn(lensRules, key) ? "it cannot be switched here: see docs/lens.md" : undefined,
  );
  return Object.fromEntries(Object.keys(source).map((name) => [name, flag(source[name], `rules.${name}`)]));
}

function parsePseudonyms(value: unknown): Pseudonym[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw refusal("pseudonyms", "a list", value, "write one {path, as} per entry");
  if (value.length > MAX_PSEUDONYMS) {
    throw refusal("pseudonyms", `at most ${MAX_PSEUDONYMS} entries`, value.length, "use wider patterns");
  }
  const pseudonyms = Array.from(value, parsePseudonym);
  pseudonyms.forEach((pseudonym, index) => refuseContradiction(pseudonym, index, pseudonyms));
  return pseudonyms;
}

/** One pattern has one name, and for one name content either counts or does not. */
function refuseContradiction({ path, as, content }: Pseudonym, index: number, all: readonly Pseudonym[]): void {
  const same = all.findIndex((other) => other.path === path);
  if (same < index) {
    throw refusal(
      `pseudonyms[${index}].path`,
      `a pattern that pseudonyms[${same}] does not have`,
      path,
      "keep one of the two",
    );
  }
  const first = all.findIndex((other) => other.as === as);
  const settled = (all[first] as Pseudonym).content;
  if (settled !== content) {
    throw refusal(
      `pseudonyms[${index}].content`,
      `${settled} as for pseudonyms[${first}], which is $${as} too`,
      content,
      "make them agree, or rename one",
    );
  }
}

function parsePseudonym(value: unknown, index: number): Pseudonym {
  const key = `pseudonyms[${index}]`;
  const source = table(value, key, pseudonymKeys);
  const path = text(source["path"], `${key}.path`);
  const glob = Glob.parse(path);
  if (!(glob instanceof Glob)) throw refusal(`${key}.path`, glob.problem, path, "correct the pattern");
  const as = text(source["as"], `${key}.as`);
  if (!TOKEN.test(as))
    throw refusal(`${key}.as`, "upper-case letters, digits and _, a letter first, at most 32", as, "rename it");
  if (RESERVED.has(as))
    throw refusal(`${key}.as`, `a name that is not one of ${[...RESERVED].join(", ")}`, as, "rename it");
  const content = source["content"] === undefined ? true : flag(source["content"], `${key}.content`);
  return { path, as, content };
}

function table(
  value: unknown,
  key: string,
  allowed: readonly string[],
  advice: (key: string) => string | undefined = () => undefined,
): Record<string, unknown> {
  const prototype = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) {
    throw refusal(key, `a table with the keys ${allowed.join(", ")}`, value, "see docs/lens.md");
  }
  const source = value as Record<string, unknown>;
  for (const name of Object.keys(source)) {
    if (allowed.includes(name)) continue;
    const path = key === "the policy" ? printable(name) : `${key}.${printable(name)}`;
    throw refusal(
      path,
      `one of the keys ${allowed.join(", ")}`,
      name,
      advice(name) ?? "remove it or correct its spelling",
    );
  }
  return Object.fromEntries(Object.entries(source));
}

function choice<T extends string>(value: unknown, key: string, allowed: readonly T[], standard: T): T {
  if (value === undefined) return standard;
  if (!allowed.includes(value as T)) throw refusal(key, `one of ${allowed.join(", ")}`, value, "choose one of them");
  return value as T;
}

function flag(value: unknown, key: string): boolean {
  if (typeof value !== "boolean") throw refusal(key, "true or false", value, "write it without quotes");
  return value;
}

function text(value: unknown, key: string): string {
  if (typeof value !== "string") throw refusal(key, "text", value, "put it in quotes");
  return value;
}

function refusal(key: string, expected: string, got: unknown, advice: string): IsolineError {
  return new IsolineError("bad-policy", `policy: ${key}: expected ${expected}; got ${show(got)}; ${advice}`);
}

/** A short description of a value on one line. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a table";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  return printable(typeof value === "number" || typeof value === "boolean" ? String(value) : typeof value);
}

function printable(key: string): string {
  return JSON.stringify(key.slice(0, 60)).slice(1, -1);
}
