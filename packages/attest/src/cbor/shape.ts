/**
 * Deterministic CBOR with a shape: one description bounds, reads, writes and documents a value.
 *
 * The encoding is that of RFC 8949, 4.2.1: shortest forms, definite lengths, map keys in the order of their encodings. Nothing else is
 * read, so that a value has one encoding and a digest one meaning.
 */
import { encode } from "cborg";
import { MAJOR, Reader, refused } from "./reader.ts";

/** One kind of value. */
export interface Shape<T> {
  /** For the specification: `bytes 32`, `text ≤ 256`. */
  readonly words: string;
  /** Members of a map, for the specification. */
  readonly members?: Readonly<Record<string, Shape<unknown>>>;
  /** Whether a member of a map may be left out. */
  readonly optional?: true;
  /** The value as it is, or a refusal. `at` is the path to it. */
  check(value: unknown, at: string): T;
  /** The value that comes next, or a refusal. */
  read(from: Reader): T;
}

export type Of<S> = S extends Shape<infer T> ? T : never;

/** A value without parts. `take` reads one of its kind; whether it fits is seen then. */
const plain = <T>(words: string, fits: (value: unknown) => value is T, take: (from: Reader) => unknown): Shape<T> => ({
  words,
  check: (value, at) => {
    if (!fits(value)) throw refused(`${at}: expected ${words}, got ${told(value)}`);
    return value;
  },
  read: (from) => {
    const value = take(from);
    if (!fits(value)) throw from.refused(words, told(value));
    return value;
  },
});

/** Bytes: exactly as many, or from `least` to `most`. */
export function bytes(least: number, most: number = least): Shape<Uint8Array> {
  const words = least === most ? `bytes ${least}` : `bytes ${least}–${most}`;
  const fits = (value: unknown): value is Uint8Array =>
    value instanceof Uint8Array && value.length >= least && value.length <= most;
  return plain(words, fits, (from) => {
    const length = from.argument(MAJOR.bytes, words);
    if (length < least || length > most) throw from.refused(words, `${length} bytes`);
    return from.bytes(length);
  });
}

/** A text of at most so many UTF-16 units, without lone surrogates, and without U+0000, which a database cannot keep. */
export function text(most: number): Shape<string> {
  const words = `text ≤ ${most}`;
  const fits = (value: unknown): value is string =>
    typeof value === "string" && value.length <= most && !LONE_SURROGATE.test(value) && !value.includes("\0");
  return plain(words, fits, (from) => textIn(from, words, most));
}
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Bytes of UTF-8 that one UTF-16 unit takes at most. */
const MOST_UNIT = 3;

/** A text of at most so many UTF-16 units, or a few more; longer ones are not decoded. */
function textIn(from: Reader, words: string, most: number): string {
  const length = from.argument(MAJOR.text, words);
  if (length > most * MOST_UNIT) throw from.refused(words, `a text of ${length} bytes`);
  return from.text(length);
}

/** A number from 0 to 2⁵³ − 1. */
export const count: Shape<number> = plain(
  "unsigned",
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0),
  (from) => from.argument(MAJOR.unsigned, "unsigned"),
);

export const yes: Shape<boolean> = plain(
  "boolean",
  (value): value is boolean => typeof value === "boolean",
  (from) => from.boolean("boolean"),
);

/** One of a few words. */
export function word<W extends string>(...all: readonly W[]): Shape<W> {
  const words = all.map((one) => `"${one}"`).join(" · ");
  const longest = Math.max(...all.map(({ length }) => length));
  const fits = (value: unknown): value is W => (all as readonly unknown[]).includes(value);
  return plain(words, fits, (from) => textIn(from, words, longest));
}

export function list<T>(element: Shape<T>, most: number): Shape<readonly T[]> {
  const words = `list ≤ ${most} of ${element.words}`;
  const tooMany = (length: number) => [`at most ${most} elements`, `${length}`] as const;
  return {
    words,
    ...(element.members && { members: element.members }),
    check: (value, at) => {
      if (!Array.isArray(value)) throw refused(`${at}: expected a list, got ${told(value)}`);
      if (value.length > most) throw refused(`${at}: expected ${tooMany(value.length).join(", got ")}`);
      return value.map((one: unknown, index) => element.check(one, `${at}[${index}]`));
    },
    read: (from) => {
      const length = from.argument(MAJOR.list, "a list");
      if (length > most) throw from.refused(...tooMany(length));
      const found: T[] = [];
      for (let at = 0; at < length; at++) {
        from.path.push(at);
        found.push(element.read(from));
        from.path.pop();
      }
      return found;
    },
  };
}

/** A member of a map that may be left out. */
export function optional<T>(inner: Shape<T>): Shape<T | undefined> & { readonly optional: true } {
  return {
    words: `${inner.words}, or left out`,
    ...(inner.members && { members: inner.members }),
    optional: true,
    check: (value, at) => (value === undefined ? undefined : inner.check(value, at)),
    read: (from) => inner.read(from),
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
  const ordered = names.map((name, place) => memberOf(name, place, members[name] as Shape<unknown>)).sort(byKey);
  return {
    words: "map",
    members,
    check: (value, at) => {
      if (!isTable(value)) throw refused(`${at}: expected a map, got ${told(value)}`);
      const strange = Object.keys(value).find((name) => !names.includes(name));
      if (strange !== undefined) throw refused(`${at}: expected ${noMember(strange)}`);
      const found = names.map((name) => {
        const member = members[name] as Shape<unknown>;
        if (!Object.hasOwn(value, name) && member.optional === undefined)
          throw refused(`${at}: expected a member "${name}", got none`);
        return [name, member.check(value[name], `${at}.${name}`)] as const;
      });
      return Object.fromEntries(found.filter(([, member]) => member !== undefined)) as MapOf<M>;
    },
    read: (from) => {
      const count = from.argument(MAJOR.map, "a map");
      const found: unknown[] = [];
      let read = 0;
      for (const { name, key, place, shape } of ordered) {
        const isThere = read < count && from.isNext(key);
        if (!isThere && shape.optional === undefined) throw notNext(from, read < count, names, name);
        if (!isThere) continue;
        from.path.push(name);
        found[place] = shape.read(from);
        from.path.pop();
        read++;
      }
      if (read < count) throw notNext(from, true, names);
      const value: Record<string, unknown> = {};
      for (let place = 0; place < names.length; place++)
        if (place in found) value[names[place] as string] = found[place];
      return value as MapOf<M>;
    },
  };
}

interface Member {
  readonly name: string;
  /** Its name as it is encoded. */
  readonly key: Uint8Array;
  /** Where it stands in the description. */
  readonly place: number;
  readonly shape: Shape<unknown>;
}

const memberOf = (name: string, place: number, shape: Shape<unknown>): Member => ({
  ...{ name, place, shape },
  key: encode(name),
});

/** As they stand in the encoding: ascending by the bytes of their keys. The first byte has the length of the name. */
function byKey({ key: one }: Member, { key: other }: Member): number {
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return at < 0 ? one.length - other.length : (one[at] as number) - (other[at] ?? -1);
}

const noMember = (name: string) => `no member ${JSON.stringify(name.slice(0, 40))}`;
/** Letters of the name of a member that may be named in a refusal. */
const MOST_NAME = 1024;

/** Why the next key of a map, where there is one, is not that of a member that may come here. */
function notNext(from: Reader, isMore: boolean, names: readonly string[], missing?: string) {
  if (!isMore) return from.refused(`a member "${missing}"`, "none");
  const next = textIn(from, "the name of a member", MOST_NAME);
  if (!names.includes(next)) return from.refused(noMember(next), "one");
  return missing === undefined
    ? from.refused("each member once, in the order of the one encoding", `${JSON.stringify(next)} out of its place`)
    : from.refused(`a member "${missing}"`, `"${next}"`);
}

/** A map that has one of these shapes, as the text of one of its members says, which each of them has. */
export function choice<C extends Readonly<Record<string, Shape<unknown>>>>(
  by: string,
  choices: C,
): Shape<{ readonly [K in keyof C]: Of<C[K]> }[keyof C]> {
  const words = Object.keys(choices).join(" · ");
  const key = encode(by);
  const longest = Math.max(...Object.keys(choices).map(({ length }) => length));
  const chosen = (word: unknown) =>
    typeof word === "string" && Object.hasOwn(choices, word) ? (choices[word] as Shape<never>) : undefined;
  return {
    words,
    check: (value, at) => {
      const word = isTable(value) ? value[by] : value;
      const shape = chosen(word);
      if (shape === undefined) throw refused(`${at}: expected a ${by} of ${words}, got ${told(word)}`);
      return shape.check(value, at);
    },
    read: (from) => {
      const word = from.textAhead(key, longest * MOST_UNIT);
      const shape = chosen(word);
      if (shape === undefined) throw from.refused(`a ${by} of ${words}`, told(word));
      return shape.read(from);
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
  const from = new Reader(given, what);
  const value = of.read(from);
  from.end();
  return value;
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
  if (typeof value === "object") return "a map";
  // None of the letters is half.
  return String(JSON.stringify(value)).slice(0, 40).replace(LONE_SURROGATE, "");
}
