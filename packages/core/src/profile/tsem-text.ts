/**
 * Parses one line of TSEM JSON: nested objects with text at the leaves, and nothing else.
 *
 * Not `JSON.parse`, for three reasons. A line is bytes: a path need not be UTF-8, so each character here stands for one byte
 * (latin1), and the point is over those bytes. A backslash in TSEM means "the next byte, literally", not a JSON escape. And a
 * repeated key is refused, because `JSON.parse` and the original agent disagree on which one counts.
 */
import { IsolineError } from "../error.ts";

export type TsemObject = { readonly [key: string]: string | TsemObject };

/** The kernel's objects nest five deep. */
const MAX_DEPTH = 8;
/** The kernel's buffer holds 1,536 bytes; two paths of 4096 bytes with every byte escaped still fit. */
const MAX_LINE = 65_536;

/** Parses a line of bytes read as latin1; refuses what is not such a line with `bad-trajectory`. */
export function parseTsemText(line: string): TsemObject {
  if (line.length > MAX_LINE) throw badLine(line, `it has ${line.length} bytes, at most ${MAX_LINE} are allowed`);
  const scanner = new Scanner(line);
  const value = scanner.object(0);
  scanner.end();
  return value;
}

class Scanner {
  readonly #line: string;
  #at = 0;
  /** Position of the next backslash. Most lines have none, so it is searched once and not for each text. */
  #backslash: number;

  constructor(line: string) {
    this.#line = line;
    this.#backslash = this.#find("\\", 0);
  }

  object(depth: number): TsemObject {
    if (depth > MAX_DEPTH) throw badLine(this.#line, `objects nest deeper than ${MAX_DEPTH}`);
    this.#expect("{");
    // A plain object: an object without a prototype would be a hash table, and three times as slow (measured).
    const object: Record<string, string | TsemObject> = {};
    if (this.#accept("}")) return object;
    do {
      const key = this.#text();
      if (key === "__proto__" || Object.hasOwn(object, key)) {
        throw badLine(this.#line, `the key ${JSON.stringify(key.slice(0, 40))} is not a key, or is repeated`);
      }
      this.#expect(":");
      this.#skipSpace();
      object[key] = this.#line[this.#at] === "{" ? this.object(depth + 1) : this.#text();
    } while (this.#accept(","));
    this.#expect("}");
    return object;
  }

  end(): void {
    this.#skipSpace();
    if (this.#at !== this.#line.length) throw badLine(this.#line, `something follows at byte ${this.#at + 1}`);
  }

  #text(): string {
    this.#expect('"');
    const start = this.#at;
    let quote = this.#find('"', start);
    let escaped = false;
    while (this.#backslash < quote) {
      escaped = true;
      const after = this.#backslash + 2;
      this.#backslash = this.#find("\\", after);
      quote = this.#find('"', Math.max(after, start));
    }
    if (quote === Number.POSITIVE_INFINITY) throw badLine(this.#line, `the text from byte ${start} on does not end`);
    this.#at = quote + 1;
    const text = this.#line.slice(start, quote);
    return escaped ? text.replace(/\\([^])/g, "$1") : text;
  }

  #find(character: string, from: number): number {
    const at = this.#line.indexOf(character, from);
    return at < 0 ? Number.POSITIVE_INFINITY : at;
  }

  #accept(character: string): boolean {
    this.#skipSpace();
    if (this.#line[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (this.#accept(character)) return;
    const found = this.#at < this.#line.length ? JSON.stringify(this.#line[this.#at]) : "the end";
    throw badLine(this.#line, `expected ${character} at byte ${this.#at + 1}, got ${found}`);
  }

  #skipSpace(): void {
    while (this.#line[this.#at] === " ") this.#at += 1;
  }
}

/** The refusal of a line. */
function badLine(line: string, why: string): IsolineError {
  const start = line.length > 80 ? `${line.slice(0, 80)}…` : line;
  return new IsolineError("bad-trajectory", `not a line of TSEM JSON: ${why}; the line is ${JSON.stringify(start)}`);
}
