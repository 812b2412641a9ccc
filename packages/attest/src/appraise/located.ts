/**
 * Reading a verifier's own files: JSON, or YAML without aliases and tags, as the project's other policy files. Every refusal says
 * line and column.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, type Scalar } from "yaml";
import { AttestError } from "../error.ts";
import { shallowDocument } from "./shallow-document.ts";

const MOST_BYTES = 2 ** 24;
const MOST_ELEMENTS = 100_000;

/** A value in a file, and where it stands. */
export class Located {
  readonly #node: unknown;
  readonly #lines: LineCounter;
  readonly #what: string;
  /** Where it is, for a value that is missing. */
  readonly #around: Node | undefined;

  constructor(node: unknown, lines: LineCounter, what: string, around?: Node) {
    this.#node = node;
    this.#lines = lines;
    this.#what = what;
    this.#around = around;
  }

  get isThere(): boolean {
    return this.#node !== undefined && this.#node !== null;
  }

  /** The members of a map, each of which must be among `known`. */
  members(known: readonly string[]): Readonly<Record<string, Located>> {
    if (!isMap(this.#node)) throw this.refused("a map");
    const found: Record<string, Located> = {};
    for (const { key, value } of this.#node.items) {
      const name: unknown = isScalar(key) ? key.value : undefined;
      if (typeof name !== "string" || !known.includes(name))
        throw new Located(key, this.#lines, this.#what, this.#node).refused(`one of ${known.join(", ")}`);
      found[name] = new Located(value, this.#lines, this.#what, this.#node);
    }
    for (const name of known)
      found[name] ??= new Located(undefined, this.#lines, `${this.#what}, "${name}"`, this.#node);
    return found;
  }

  /** A map from any names to values. */
  entries(): readonly (readonly [string, Located])[] {
    if (!isMap(this.#node)) throw this.refused("a map");
    return this.#node.items.map(({ key, value }) => {
      const name: unknown = isScalar(key) ? key.value : undefined;
      if (typeof name !== "string" && typeof name !== "number") throw this.refused("names that are texts");
      return [String(name), new Located(value, this.#lines, this.#what, this.#node as Node)] as const;
    });
  }

  list(): readonly Located[] {
    const node = this.#node;
    if (!isSeq(node)) throw this.refused("a list");
    if (node.items.length > MOST_ELEMENTS) throw this.refused(`at most ${MOST_ELEMENTS} elements`);
    return node.items.map((item) => new Located(item, this.#lines, this.#what, node));
  }

  text(form: RegExp, expected: string): string {
    const value = this.#scalar();
    if (typeof value !== "string" || !form.test(value)) throw this.refused(expected);
    return value;
  }

  word<W extends string>(...words: readonly W[]): W {
    const value = this.#scalar();
    const found = words.find((word) => word === value);
    if (found === undefined) throw this.refused(`one of ${words.map((word) => `"${word}"`).join(", ")}`);
    return found;
  }

  number(most: number): number {
    const value = this.#scalar();
    if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > most)
      throw this.refused(`a whole number from 0 to ${most}`);
    return value as number;
  }

  truth(): boolean {
    const value = this.#scalar();
    if (typeof value !== "boolean") throw this.refused("true or false");
    return value;
  }

  #scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined;
  }

  refused(expected: string): AttestError {
    const offset = ((this.#node ?? this.#around) as Node | undefined)?.range?.[0] ?? 0;
    const { line, col } = this.#lines.linePos(offset);
    const got = this.isThere ? JSON.stringify(isScalar(this.#node) ? this.#node.value : this.#node) : "nothing";
    return refused(this.#what, line, col, `expected ${expected}, got ${String(got).slice(0, 60)}`);
  }
}

/** The top of a file, which may have no more words and signs than said. */
export function located(bytes: Uint8Array, what: string, mostPieces = Number.POSITIVE_INFINITY): Located {
  const lines = new LineCounter();
  if (bytes.length > MOST_BYTES) throw refused(what, 1, 1, `expected at most ${MOST_BYTES} bytes, got ${bytes.length}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refused(what, 1, 1, "expected UTF-8, got other bytes");
  }
  const { contents, fault } = shallowDocument(text, lines, mostPieces);
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.offset);
    throw refused(what, line, col, fault.why);
  }
  assertPlain(contents, lines, what);
  return new Located(contents, lines, what);
}

/** Aliases could make a small file a large one, tags another value of a text, and of two members of one name only one would count. */
function assertPlain(node: unknown, lines: LineCounter, what: string): void {
  if (node === null || isScalar(node)) return;
  if (isMap(node)) {
    const names = new Set<string>();
    for (const { key, value } of node.items) {
      if (isScalar(key)) assertNew(key, names, lines, what);
      for (const part of [key, value]) assertPlain(part, lines, what);
    }
  } else if (isSeq(node)) for (const item of node.items) assertPlain(item, lines, what);
  else throw new Located(node, lines, what).refused("a value without aliases");
}

function assertNew(key: Scalar, names: Set<string>, lines: LineCounter, what: string): void {
  const name = String(key.value);
  if (!names.has(name)) return void names.add(name);
  const { line, col } = lines.linePos(key.range?.[0] ?? 0);
  throw refused(what, line, col, "Map keys must be unique");
}

function refused(what: string, line: number, column: number, why: string): AttestError {
  return new AttestError("bad-policy-file", `${what}, line ${line}, column ${column}: ${why}; correct it`);
}
