/**
 * Statements of a fleet as entries of a log: lines of text in a fixed order, so that a statement has exactly one encoding.
 *
 *   isoline fleet statement 1
 *   source HEX
 *   number 17
 *   at 2026-01-31T23:59:59.000Z
 *   kind publish-policy
 *   …
 */
import { LogError } from "../error.ts";
import { count, type Field, hex, one, time } from "./field.ts";
import { type Kind, kinds, type Said } from "./kinds.ts";

const FIRST = "isoline fleet statement 1";
const PREFIX = Buffer.from(`${FIRST}\n`);

/** Who says something, and when. */
export interface Saying {
  /** The store of the verifier that says it: 16 random bytes in hexadecimal, made once. */
  readonly source: string;
  /** From 1 on, without a gap in one source. */
  readonly number: number;
  /** By the verifier's clock: milliseconds since 1970. */
  readonly at: number;
}

export type Statement = Saying & Said;

const saying: Readonly<Record<keyof Saying, Field<never>>> = {
  source: one(hex(16)),
  number: count,
  at: time,
} as unknown as Record<keyof Saying, Field<never>>;

const kind = one({ fits: new RegExp(`^(?:${Object.keys(kinds).join("|")})$`), expected: "a kind of statement" });

/** The bytes of a statement. Refuses with `bad-statement` one that `readStatement` would not read. */
export function writeStatement(statement: Statement): Uint8Array {
  const lines = [FIRST];
  const put = (fields: object, names: Readonly<Record<string, unknown>>) => {
    for (const [key, field] of Object.entries(fields) as [string, Field<unknown>][])
      for (const line of field.lines(names[key])) {
        // A line feed in it would make two lines of one value, and the refusal would name another field.
        if (!field.fits.test(line)) throw refused(key, field.expected, shown(line));
        lines.push(`${key} ${line}`);
      }
  };
  const values = statement as unknown as Readonly<Record<string, unknown>>;
  put(saying, values);
  put({ kind }, values);
  put(kinds[statement.kind], values);
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  readStatement(bytes);
  return bytes;
}

/** Reads an entry. Undefined where it is no statement of a fleet; refuses with `bad-statement` one that only begins as one. */
export function readStatement(entry: Uint8Array): Statement | undefined {
  if (Buffer.compare(entry.subarray(0, PREFIX.length), PREFIX) !== 0) return undefined;
  const lines = new Lines(textOf(entry.subarray(PREFIX.length)));
  const said = lines.take(saying);
  const chosen = (lines.take({ kind }) as { kind: Kind }).kind;
  const statement = { ...said, kind: chosen, ...lines.take(kinds[chosen]) } as Statement;
  lines.assertDone();
  if (statement.number === 0) throw refused("number", "a number from 1 on", "0");
  return statement;
}

class Lines {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.split("\n");
    if (this.#lines.at(-1) !== "") throw refused("its end", "a line feed", "none");
  }

  take(fields: object): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(fields) as [string, Field<unknown>][])
      values[key] = this.#value(key, field);
    return values;
  }

  assertDone(): void {
    const left = this.#lines.length - 1 - this.#at;
    if (left > 0) throw refused("its end", "no further line", shown(this.#lines[this.#at]));
  }

  #value(key: string, field: Field<unknown>): unknown {
    const start = `${key} `;
    const found: string[] = [];
    for (let line = this.#lines[this.#at]; line?.startsWith(start) === true; line = this.#lines[this.#at]) {
      const value = line.slice(start.length);
      if (found.length === field.most) throw refused(key, `no line after ${field.most}`, "more");
      if (!field.fits.test(value)) throw refused(key, field.expected, shown(value));
      found.push(value);
      this.#at += 1;
    }
    if (found.length < field.least) throw refused(key, field.expected, shown(this.#lines[this.#at]));
    const value = field.read(found);
    if (value === undefined && found.length > 0) throw refused(key, orderly(field), shown(found.join(" ")));
    return value;
  }
}

const orderly = ({ most, expected }: Field<unknown>) => (most > 1 ? `${expected}, ascending and each once` : expected);

/** UTF-8 without exceptions: two entries never read as one. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused("its text", "UTF-8", "other bytes");
  }
}

const shown = (line: string | undefined) =>
  line === undefined || line === "" ? "nothing" : JSON.stringify(line.slice(0, 80));

function refused(where: string, expected: string, got: string): LogError {
  return new LogError(
    "bad-statement",
    `statement of a fleet, ${where}: expected ${expected}, got ${got}; distrust what wrote it, or read it with a newer isoline`,
  );
}
