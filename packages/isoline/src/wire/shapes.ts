/** Reads JSON from the other end of a wire: every member is checked, nothing is more than it may be, and no text moves a terminal. */
import { isDigest, type Digest } from "@isoline/core/digest";
import { refused } from "./faults.ts";

export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };

/** Characters that end a line, move a cursor or change the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Limits of texts, in characters. */
const MOST_TEXT = 64 * 1024;

export function parseJson(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString("utf8")) as Json;
  } catch (fault) {
    throw refused("expected JSON in a frame, got something else", fault);
  }
}

export function list(json: Json, what: string, most: number): readonly Json[] {
  if (Array.isArray(json) && json.length <= most) return json as readonly Json[];
  throw odd(what, `a list of at most ${most}`, json);
}

export function record(json: Json, what: string): { readonly [name: string]: Json } {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as { [name: string]: Json };
  throw odd(what, "an object", json);
}

export function natural(json: Json, what: string, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof json === "number" && Number.isSafeInteger(json) && json >= 0 && json <= most && !Object.is(json, -0))
    return json;
  throw odd(what, `an integer from 0 to ${most}`, json);
}

export function truth(json: Json, what: string): boolean {
  if (typeof json === "boolean") return json;
  throw odd(what, "true or false", json);
}

/** One printable line. */
export function line(json: Json, what: string, most = MOST_TEXT): string {
  if (typeof json === "string" && json.length <= most && !UNPRINTABLE.test(json)) return json;
  throw odd(what, `one printable line of at most ${most} characters`, json);
}

/** Any text, which this end does not show. */
export function text(json: Json, what: string, most = MOST_TEXT): string {
  if (typeof json === "string" && json.length <= most) return json;
  throw odd(what, `a text of at most ${most} characters`, json);
}

export function digest(json: Json, what: string): Digest {
  if (typeof json === "string" && isDigest(json)) return json;
  throw odd(what, "64 lower-case hexadecimal digits", json);
}

export function oneOf<T extends string>(json: Json, what: string, words: readonly T[]): T {
  const found = words.find((word) => word === json);
  if (found !== undefined) return found;
  throw odd(what, words.join(", "), json);
}

export function bytes(json: Json, what: string, most: number): Buffer {
  const decoded = typeof json === "string" && json.length <= most * 2 ? Buffer.from(json, "base64") : undefined;
  if (decoded !== undefined && decoded.length <= most && decoded.toString("base64") === json) return decoded;
  throw odd(what, `at most ${most} bytes in base64`, json);
}

/** The same, or undefined for what is left out. */
export function optional<T>(json: Json, read: (json: Json) => T): T | undefined {
  return json === undefined || json === null ? undefined : read(json);
}

function odd(what: string, expected: string, found: Json): Error {
  const came = typeof found === "object" && found !== null ? "something else" : JSON.stringify(found)?.slice(0, 60);
  return refused(`${what}: expected ${expected}, got ${came}`);
}
