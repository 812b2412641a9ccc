/**
 * Deterministic CBOR with a shape: one description bounds, reads, writes and documents a value.
 *
 * The encoding is that of RFC 8949, 4.2.1: shortest forms, definite lengths, map keys in the order of their encodings. What is
 * read must be what would be written, byte for byte, so that a value has one encoding and a digest one meaning.
 */
import { decode, encode, Tokenizer } from "cborg";
import { AttestError } from "../error.ts";

/** One kind of value. */
export interface Shape<T> {
  /** For the specification: `bytes 32`, `text ≤ 256`. */
  readonly words: string;
  /** Members of a map, for the specification. */
  readonly members?: Readonly<Record<string, Shape<unknown>>>;
  /** Whether a member of a map may be left out. */
  readonly optional?: true;
  /** CBOR items of the largest value, itself and the keys of maps among them. */
  readonly items: number;
  /** The value as it is, or a refusal. `at` is the path to it. */
  check(value: unknown, at: string): T;
}

export type Of<S> = S extends Shape<infer T> ? T : never;

const shape = <T>(words: string, fits: (value: unknown) => value is T): Shape<T> => ({
  words,
  items: 1,
  check: (value, at) => {
    if (!fits(value)) throw refused(`${at}: expected ${words}, got ${told(value)}`);
    return value;
  },
});

/** Bytes: exactly as many, or from `least` to `most`. */
export function bytes(least: number, most: number = least): Shape<Uint8Array> {
  const fits = (value: unknown): value is Uint8Array =>
    value instanceof Uint8Array && value.length >= least && value.length <= most;
  return shape(least === most ? `bytes ${least}` : `bytes ${least}–${most}`, fits);
}

/** A text of at most so many UTF-16 units, without lone surrogates, and without U+0000, which a database cannot keep. */
export function text(most: number): Shape<string> {
  const fits = (value: unknown): value is string =>
    typeof value === "string" && value.length <= most && !LONE_SURROGATE.test(value) && !value.includes("\0");
  return shape(`text ≤ ${most}`, fits);
}
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A number from 0 to 2⁵³ − 1. */
export const count: Shape<number> = shape(
  "unsigned",
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0),
);

export const yes: Shape<boolean> = shape("boolean", (value): value is boolean => typeof value === "boolean");

/** One of a few words. */
export function word<W extends string>(...words: readonly W[]): Shape<W> {
  return shape(words.map((one) => `"${one}"`).join(" · "), (value): value is W =>
    (words as readonly unknown[]).includes(value),
  );
}

export function list<T>(element: Shape<T>, most: number): Shape<readonly T[]> {
  return {
    words: `list ≤ ${most} of ${element.words}`,
    ...(element.members && { members: element.members }),
    items: 1 + most * element.items,
    check: (value, at) => {
      if (!Array.isArray(value)) throw refused(`${at}: expected a list, got ${told(value)}`);
      if (value.length > most) throw refused(`${at}: expected at most ${most} elements, got ${value.length}`);
      return value.map((one: unknown, index) => element.check(one, `${at}[${index}]`));
    },
  };
}

/** A member of a map that may be left out. */
export function optional<T>(inner: Shape<T>): Shape<T | undefined> & { readonly optional: true } {
  return {
    words: `${inner.words}, or left out`,
    ...(inner.members && { members: inner.members }),
    optional: true,
    items: inner.items,
    check: (value, at) => (value === undefined ? undefined : inner.check(value, at)),
  };
}

type Members = Readonly<Record<string, Shape<unknown>>>;
type Optional<M extends Members> = { [K in keyof M]: M[K] extends { readonly optional: true } ? K : never }[keyof M];
export type MapOf<M extends Members> = {
  readonly [K in Exclude<keyof M, Optional<M>>]: Of<M[K]>;
} & { readonly [K in Optional<M>]?: Of<M[K]> };

/** A map with exactly these keys, all text. */
export function map<M extends Members>(members: M): Shape<MapOf<M>> {
  const names = Object.keys(members);
  return {
    words: "map",
    members,
    items: Object.values(members).reduce((sum, { items }) => sum + 1 + items, 1),
    check: (value, at) => {
      if (!isTable(value)) throw refused(`${at}: expected a map, got ${told(value)}`);
      const strange = Object.keys(value).find((name) => !names.includes(name));
      if (strange !== undefined) throw refused(`${at}: expected no member ${JSON.stringify(strange.slice(0, 40))}`);
      const found = names.map((name) => {
        const member = members[name] as Shape<unknown>;
        if (!Object.hasOwn(value, name) && member.optional === undefined)
          throw refused(`${at}: expected a member "${name}", got none`);
        return [name, member.check(value[name], `${at}.${name}`)] as const;
      });
      return Object.fromEntries(found.filter(([, member]) => member !== undefined)) as MapOf<M>;
    },
  };
}

/** Bytes of a value. Refuses one that does not have the shape. */
export function write<T>(of: Shape<T>, value: T, what: string): Uint8Array {
  return encode(of.check(value, what));
}

/** The value that exactly these bytes are, in their one encoding. `most` bounds them before anything is read. */
export function read<T>(of: Shape<T>, given: Uint8Array, most: number, what: string): T {
  if (given.length > most) throw refused(`${what}: expected at most ${most} bytes, got ${given.length}`);
  const value = of.check(decoded(given, Math.max(of.items, FEW_ITEMS), what), what);
  if (!equal(encode(value), given)) throw refused(`${what}: expected its one deterministic encoding, got another`);
  return value;
}

const STRICT = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
} as const;

/** So many are read whatever the shape: what is wrong in them is told more exactly by the shape. */
const FEW_ITEMS = 1024;

/**
 * Items of a value, one after the other, up to a bound. Each byte may be an item, and each item costs more than a hundred bytes of memory:
 * 8 MiB of empty maps would take the reader many seconds and a gigabyte before the shape refused them.
 */
class BoundedItems extends Tokenizer {
  readonly #most: number;
  readonly #what: string;
  #read = 0;

  constructor(given: Uint8Array, most: number, what: string) {
    // Of a Buffer, what is cut out would be a view of all of it.
    super(new Uint8Array(given.buffer, given.byteOffset, given.length), STRICT);
    this.#most = most;
    this.#what = what;
  }

  override next(): ReturnType<Tokenizer["next"]> {
    if (++this.#read > this.#most) throw refused(`${this.#what}: expected at most ${this.#most} items, got more`);
    return super.next();
  }
}

function decoded(given: Uint8Array, most: number, what: string): unknown {
  try {
    return decode(given, { ...STRICT, tokenizer: new BoundedItems(given, most, what) });
  } catch (fault) {
    if (fault instanceof AttestError) throw fault;
    // Also a nesting so deep that the reader's stack ends.
    throw refused(`${what}: ${fault instanceof Error ? fault.message.slice(0, 120) : "cannot be read"}`);
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Whether two byte strings are the same. Neither is a secret. */
export function equal(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  // A loop, not a function for each byte: evidence has thousands of them.
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

function told(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" ? "a map" : String(JSON.stringify(value)).slice(0, 40);
}

function refused(why: string): AttestError {
  return new AttestError(
    "bad-evidence-format",
    `evidence that cannot be read: ${why}; fetch it again, or from an isoline of this version`,
  );
}
