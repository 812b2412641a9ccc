/**
 * A prior on disk: a profile of another system beside a contour, `app.contour.prior`. Learning confirms its rules or removes them. It is
 * a remark for people: it permits nothing, and no verdict depends on it.
 *
 *   isoline prior 1
 *   {"from":"apparmor","profile":"usr.sbin.app","unread":2}
 *   {"text":"/etc/app/* r","pattern":"/etc/app/*","uses":["list","read"],"state":"confirmed","missed":0}
 *   {"text":"network inet stream","family":"inet","type":"stream","state":"open","missed":3}
 *   end
 *
 * A line for each rule. `missed`: how many complete runs in a row have not needed it.
 */
import { IsolineError } from "@isoline/core/error";
import { isEscaped } from "@isoline/core/event";
import { CliError } from "../error.ts";
import { type Use, uses } from "../export/permits.ts";
import { readBounded, Unfit } from "../store/bounded-file.ts";
import { writeDurably } from "../store/output.ts";
import { PathPattern } from "./path-pattern.ts";
import type { Rule } from "./rule.ts";

export const PRIOR_SUFFIX = ".prior";

/**
 * `open`: not needed so far. `confirmed`: some act of the contour needs it. `removed`: so many runs in a row did not need it that at most
 * one of ten further runs will, at 95 % (`MISSED_TO_REMOVE`).
 */
export const ruleStates = ["open", "confirmed", "removed"] as const;
export type RuleState = (typeof ruleStates)[number];

export interface PriorRule {
  readonly rule: Rule;
  readonly state: RuleState;
  readonly missed: number;
}

export interface KeptPrior {
  /** The system that the profile is of, and the name of its file. */
  readonly from: string;
  readonly profile: string;
  /** How many of its lines were not read. */
  readonly unread: number;
  readonly rules: readonly PriorRule[];
}

const FIRST = "isoline prior 1";
const LAST = "end";
const MOST_BYTES = 8 * 2 ** 20;
const MOST_RULES = 20_000;
const MOST_TEXT = 8192;
const MOST_MISSED = 1_000_000;

/** The prior beside a contour; undefined where there is none. @throws IsolineError `bad-policy` if it is not as it was written */
export function loadPrior(contour: string): KeptPrior | undefined {
  const path = `${contour}${PRIOR_SUFFIX}`;
  const bytes = readBounded(path, MOST_BYTES, "refuse");
  if (!(bytes instanceof Unfit)) return parsePrior(bytes.toString("utf8"), path);
  if (bytes.found === "nothing") return undefined;
  throw new CliError(
    "cannot-read",
    `cannot read ${path}: expected a prior, found ${bytes.found}; delete it, or import anew`,
  );
}

export function savePrior(contour: string, prior: KeptPrior): void {
  writeDurably(`${contour}${PRIOR_SUFFIX}`, [formatPrior(prior)]);
}

export function formatPrior({ rules, ...head }: KeptPrior): string {
  return `${[FIRST, JSON.stringify(head), ...rules.map(lineOf), LAST].join("\n")}\n`;
}

export function parsePrior(text: string, path: string): KeptPrior {
  const refusal = (expected: string, line: number, got: string) =>
    new IsolineError(
      "bad-policy",
      `${path}: line ${line}: expected ${expected}, got ${JSON.stringify(got.slice(0, 80))}; import the profile anew`,
    );
  const [first = "", head = "", ...rest] = text.split("\n");
  if (first !== FIRST) throw refusal(JSON.stringify(FIRST), 1, first);
  if (rest.pop() !== "" || rest.pop() !== LAST)
    throw refusal(`${JSON.stringify(LAST)} as the last line`, rest.length + 3, "");
  if (rest.length > MOST_RULES) throw refusal(`at most ${MOST_RULES} rules`, MOST_RULES + 3, "more");
  const { from, profile, unread } = tableIn(head) ?? {};
  if (!isText(from) || !isText(profile) || !isCount(unread))
    throw refusal("the system, the profile and how much was not read", 2, head);
  const rules = rest.map((line, at) => {
    const rule = ruleIn(line);
    if (rule === undefined) throw refusal("a rule of a prior", at + 3, line);
    return rule;
  });
  return { from, profile, unread, rules };
}

function lineOf({ rule, state, missed }: PriorRule): string {
  const { text } = rule;
  const what =
    rule.kind === "file"
      ? { pattern: rule.pattern.text, uses: [...rule.uses].toSorted() }
      : {
          ...(rule.family !== undefined && { family: rule.family }),
          ...(rule.type !== undefined && { type: rule.type }),
        };
  return JSON.stringify({ text, ...what, state, missed });
}

function ruleIn(line: string): PriorRule | undefined {
  const table = tableIn(line);
  const { text, pattern, uses: used, family, type, state, missed } = table ?? {};
  if (!isText(text) || !isOneOf(ruleStates, state) || !isCount(missed)) return undefined;
  if (pattern === undefined) {
    const isSocket = [family, type].every((word) => word === undefined || (isText(word) && isEscaped(word)));
    if (!isSocket) return undefined;
    return { rule: { kind: "network", family: wordOf(family), type: wordOf(type), text }, state, missed };
  }
  if (!isText(pattern) || !Array.isArray(used) || !used.every((use): use is Use => isOneOf(uses, use)))
    return undefined;
  return { rule: { kind: "file", pattern: PathPattern.apparmor(pattern), uses: new Set(used), text }, state, missed };
}

function tableIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

const wordOf = (word: unknown): string | undefined => (typeof word === "string" ? word : undefined);
const isText = (value: unknown): value is string => typeof value === "string" && value.length <= MOST_TEXT;
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MOST_MISSED;

function isOneOf<T extends string>(words: readonly T[], value: unknown): value is T {
  return (words as readonly unknown[]).includes(value);
}
