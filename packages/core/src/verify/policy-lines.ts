/**
 * The policy of a contour as lines, so that one rule is one line that can be added, reviewed and deleted:
 *
 *   policy KEY JSON        a member of the policy
 *   policy KEY[] JSON      one element of a list, in the order of the list
 *
 * A list whose elements are all different has a line for each; any other value stands on one line. A key is written bare where it
 * is a word, and else as JSON. Every character outside ASCII is written as `\uXXXX`, so that a reviewer sees every character.
 */

const WORD = /^[A-Za-z][\w-]*$/;
const LINE = /^([A-Za-z][\w-]*|"(?:[^"\\]|\\.)*")(\[\])? (.*)$/;

/** So deep may lists and objects of a policy lie in each other: what is nested deeper than a stack is deep cannot be written again. */
export const MOST_NESTED = 100;

/** Whether lists and objects lie in each other more deeply than `most`. The text need not be JSON. */
export function isNestedDeeper(json: string, most: number): boolean {
  let depth = 0;
  for (const [token] of json.matchAll(/["[\]{}]|\\./g)) {
    // Of a text only its end counts, which no escaped quotation mark is.
    if (token === '"') depth = -depth - 1;
    else if (depth >= 0 && (token === "[" || token === "{")) depth += 1;
    else if (depth > 0 && (token === "]" || token === "}")) depth -= 1;
    if (depth > most) return true;
  }
  return false;
}

/** What follows `policy ` in the lines of a policy, which is the text of a JSON object. */
export function policyLines(policy: string): string[] {
  return Object.entries(JSON.parse(policy) as Record<string, unknown>).flatMap(([key, value]) => {
    const name = WORD.test(key) ? key : text(key);
    if (!isSpread(value)) return [`${name} ${text(value)}`];
    return value.map((element) => `${name}[] ${text(element)}`);
  });
}

/** Puts a policy together from its lines. */
export class PolicyLines {
  /** JSON of each member, by key; a list of several lines as the JSON of its elements. */
  readonly #members = new Map<string, string | Set<string>>();

  /** Takes what follows `policy ` in a line; returns what was expected where it cannot be taken. */
  take(line: string): string | undefined {
    const [, name = "", list, json = ""] = LINE.exec(line) ?? [];
    if (isNestedDeeper(json, MOST_NESTED - (list === undefined ? 1 : 2)))
      return `lists and objects of a policy not deeper in each other than ${MOST_NESTED}`;
    const key = WORD.test(name) ? name : (parsed(name) as string | undefined);
    const value = parsed(json);
    if (
      typeof key !== "string" ||
      name !== (WORD.test(key) ? key : text(key)) ||
      value === undefined ||
      text(value) !== json
    )
      return "policy KEY JSON or policy KEY[] JSON, in the spelling of JSON.stringify";
    const known = this.#members.get(key);
    if (list === undefined) {
      if (known !== undefined && known !== json) return `one value of ${name}, not two`;
      if (isSpread(value)) return `a line for each element of ${name}`;
      this.#members.set(key, json);
      return undefined;
    }
    if (typeof known === "string") return `either one value of ${name}, or a list of several lines`;
    this.#members.set(key, (known ?? new Set()).add(json));
    return undefined;
  }

  /** The policy as the text of a JSON object. */
  get policy(): string {
    const members = Array.from(this.#members, ([key, value]) => {
      const json = typeof value === "string" ? value : `[${[...value].join(",")}]`;
      return [key, JSON.parse(json) as unknown] as const;
    });
    return JSON.stringify(Object.fromEntries(members));
  }
}

/** Whether a value is a list that is written with a line for each element: one of several, all different. */
function isSpread(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && new Set(value.map(text)).size === value.length;
}

function text(value: unknown): string {
  return asciiText(JSON.stringify(value));
}

/** Text with every character outside ASCII as `\uXXXX`. */
export function asciiText(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
