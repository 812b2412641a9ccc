/**
 * The form of answers. A verifier may be anything that answers at its address, so every member that is used is looked at, and bounded.
 * Members that are not known here are passed over: a later verifier may say more.
 */
import { CliError } from "../error.ts";

/** Reads a value, which stands at a place in an answer. Throws `bad-fleet-answer`. */
export type Read<T> = (value: unknown, at: string) => T;
export type ReadAs<R> = R extends Read<infer T> ? T : never;

const LONE_SURROGATE = /\p{Surrogate}/u;

export const text =
  (most: number): Read<string> =>
  (value, at) => {
    if (typeof value !== "string" || value.length > most || LONE_SURROGATE.test(value))
      throw unfit(at, `a text of at most ${most} letters`, value);
    return value;
  };

/** The beginning of a text that may be longer. */
export const beginningOf =
  (most: number): Read<string> =>
  (value, at) => {
    const whole = text(Number.POSITIVE_INFINITY)(value, at);
    return whole.length <= most ? whole : `${Buffer.from(whole.slice(0, most - 1)).toString()}…`;
  };

/** A text of a form, named by what it is. */
export const formed =
  (form: RegExp, what: string): Read<string> =>
  (value, at) => {
    if (typeof value !== "string" || !form.test(value)) throw unfit(at, what, value);
    return value;
  };

export const count: Read<number> = (value, at) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw unfit(at, "a whole number", value);
  return value as number;
};

export const truth: Read<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw unfit(at, "true or false", value);
  return value;
};

export const word =
  <W extends string>(...words: readonly W[]): Read<W> =>
  (value, at) => {
    const found = words.find((each) => each === value);
    if (found === undefined) throw unfit(at, `one of ${words.join(", ")}`, value);
    return found;
  };

/** A member that may be left out, or be null. */
export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, at) =>
    value === undefined || value === null ? undefined : read(value, at);

export const list =
  <T>(read: Read<T>, most: number): Read<readonly T[]> =>
  (value, at) => {
    if (!Array.isArray(value) || value.length > most) throw unfit(at, `a list of at most ${most}`, value);
    return value.map((each, index) => read(each, `${at}[${index}]`));
  };

/** Names of a form, each with a value. */
export const record =
  <T>(name: Read<string>, read: Read<T>, most: number): Read<Readonly<Record<string, T>>> =>
  (value, at) => {
    const entries = Object.entries(tableOf(value, at));
    if (entries.length > most) throw unfit(at, `at most ${most} members`, value);
    return Object.fromEntries(entries.map(([key, each]) => [name(key, `a name in ${at}`), read(each, `${at}.${key}`)]));
  };

type Members = Readonly<Record<string, Read<unknown>>>;
/** A member that may be left out is an optional one. */
type Table<M extends Members> = {
  readonly [K in keyof M as undefined extends ReadAs<M[K]> ? never : K]: ReadAs<M[K]>;
} & {
  readonly [K in keyof M as undefined extends ReadAs<M[K]> ? K : never]?: ReadAs<M[K]>;
};

export const table =
  <M extends Members>(members: M): Read<Table<M>> =>
  (value, at) => {
    const given = tableOf(value, at);
    const read = Object.entries(members).map(([name, of]) => [name, of(own(given, name), `${at}.${name}`)] as const);
    return Object.fromEntries(read.filter(([, each]) => each !== undefined)) as Table<M>;
  };

/** Two tables as one. */
export const both =
  <A, B>(one: Read<A>, other: Read<B>): Read<A & B> =>
  (value, at) => ({ ...one(value, at), ...other(value, at) });

function tableOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unfit(at, "a table", value);
  return value as Readonly<Record<string, unknown>>;
}

const own = (given: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(given, name) ? given[name] : undefined;

function unfit(at: string, expected: string, value: unknown): CliError {
  return new CliError(
    "bad-fleet-answer",
    `the verifier's answer, ${at.slice(0, 120)}: expected ${expected}, got ${shown(value)}; is it a verifier of this version?`,
  );
}

/** Lists in lists are not written out: as many as an answer may have would end the program. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "a table";
  return String(JSON.stringify(value)).slice(0, 40);
}
