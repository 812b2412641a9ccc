/** The fields of a statement: how often a line may stand, and what may stand in it. One value has one form. */

/** A field of a kind: what its lines mean, and the lines of a value. */
export interface Field<T> {
  /** The fewest and the most lines. */
  readonly least: 0 | 1;
  readonly most: number;
  /** The value, given that each line fits; undefined where the lines together do not. */
  readonly read: (lines: readonly string[]) => T | undefined;
  readonly lines: (value: T) => readonly string[];
  readonly fits: RegExp;
  /** In words, for refusals. */
  readonly expected: string;
}

type Text<T extends string> = Pick<Field<T>, "fits" | "expected">;

export function one<T extends string>({ fits, expected }: Text<T>): Field<T> {
  return { least: 1, most: 1, fits, expected, read: ([line]) => line as T, lines: (value) => [value] };
}

export function maybe<T extends string>({ fits, expected }: Text<T>): Field<T | undefined> {
  const lines = (value: T | undefined) => (value === undefined ? [] : [value]);
  return { least: 0, most: 1, fits, expected, read: ([line]) => line as T | undefined, lines };
}

/** A set: its lines ascend by their bytes, and none stands twice. */
export function some<T extends string>({ fits, expected }: Text<T>, most: number): Field<readonly T[]> {
  return {
    ...{ least: 0, most, fits, expected },
    read: (lines) =>
      lines.every((line, at) => at === 0 || (lines[at - 1] as string) < line) ? (lines as T[]) : undefined,
    lines: (value) => [...new Set(value)].sort(),
  };
}

/** A whole number from 0 to 2^53 − 1. */
export const count: Field<number> = {
  ...{ least: 1, most: 1, fits: /^(?:0|[1-9]\d{0,15})$/, expected: "a whole number below 2^53" },
  read: ([line]) => (Number.isSafeInteger(Number(line)) ? Number(line) : undefined),
  lines: (value) => [String(value)],
};

/** A time in milliseconds since 1970, as RFC 3339 writes it in UTC, with three digits of milliseconds. */
export const time: Field<number> = {
  ...{
    least: 1,
    most: 1,
    fits: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    expected: "a time, as 2026-01-31T23:59:59.000Z",
  },
  read: ([line = ""]) => {
    const at = Date.parse(line);
    return Number.isNaN(at) || new Date(at).toISOString() !== line ? undefined : at;
  },
  lines: (value) => [new Date(value).toISOString()],
};

/** Lower-case hexadecimal of so many bytes. */
export const hex = (bytes: number): Text<string> => ({
  fits: new RegExp(`^[0-9a-f]{${bytes * 2}}$`),
  expected: `${bytes * 2} hexadecimal digits`,
});

export const word = <T extends string>(...words: readonly T[]): Text<T> => ({
  fits: new RegExp(`^(?:${words.join("|")})$`),
  expected: words.join(" or "),
});

/** A name that people gave. It may hold what a terminal obeys in other ways than control characters do. */
export const name: Text<string> = { fits: /^[^\p{Cc}\p{Cs}]{1,128}$/u, expected: "a name of 1 to 128 characters" };

/** The digest of an image. */
export const image: Text<string> = { fits: /^sha256:[0-9a-f]{64}$/, expected: "the digest of an image, sha256:…" };
