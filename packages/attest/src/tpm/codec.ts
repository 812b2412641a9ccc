/**
 * How structures of a TPM are described: one description reads, writes and documents. The names are those of the TPM 2.0
 * Library, part 2 (TCG), version 184.
 */
import { bad, ByteReader, ByteWriter } from "./bytes.ts";

/** A part of a structure. The elements of a list, and what a length stands before, have no name. */
export interface Member {
  readonly name: string;
  readonly codec: Codec<never> | Codec<unknown>;
}

export interface Codec<T> {
  /** Name in the library's part 2. */
  readonly name: string;
  /** Members in order, for the page of structures; none for a plain value. */
  readonly members: readonly Member[];
  write(out: ByteWriter, value: T): void;
  read(from: ByteReader): T;
}

export type ValueOf<C> = C extends Codec<infer T> ? T : never;
type Fields = Readonly<Record<string, Codec<never> | Codec<unknown>>>;
export type RecordOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** Bytes of one whole structure. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const out = new ByteWriter();
  codec.write(out, value);
  return out.finish();
}

/** The structure that exactly these bytes are. Refuses too few, too many, and values without a meaning. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const from = new ByteReader(bytes);
  const value = codec.read(from);
  from.end(codec.name);
  return value;
}

const plain = <T>(name: string, read: Codec<T>["read"], write: Codec<T>["write"]): Codec<T> => ({
  name,
  members: [],
  read,
  write,
});

const unsigned = (name: string, size: 1 | 2 | 4): Codec<number> =>
  plain(
    name,
    (from) => from.number(size, name),
    (out, value) => out.number(value, size, name),
  );

export const u16 = unsigned("UINT16", 2);
export const u32 = unsigned("UINT32", 4);
export const u64: Codec<bigint> = plain(
  "UINT64",
  (from) => from.long("UINT64"),
  (out, value) => out.long(value, "UINT64"),
);

/** TPMI_YES_NO: one byte, 0 or 1. */
export const yesNo: Codec<boolean> = plain(
  "TPMI_YES_NO",
  (from) => {
    const value = from.number(1, "TPMI_YES_NO");
    if (value > 1) throw bad(`TPMI_YES_NO: expected 0 or 1, got ${value}`);
    return value === 1;
  },
  (out, value) => out.number(value ? 1 : 0, 1, "TPMI_YES_NO"),
);

/** A number out of a table of names. */
export function named<N extends string>(name: string, size: 1 | 2 | 4, table: Readonly<Record<N, number>>): Codec<N> {
  const names = new Map(Object.entries(table).map(([text, number]) => [number as number, text as N]));
  return plain(
    name,
    (from) => {
      const number = from.number(size, name);
      const text = names.get(number);
      if (text === undefined) throw bad(`${name}: 0x${number.toString(16)} has no meaning here`);
      return text;
    },
    (out, value) => out.number(table[value], size, name),
  );
}

/** TPM2B: a length of two bytes, then as many bytes. */
export function sized(name: string, most: number): Codec<Uint8Array> {
  return plain(
    name,
    (from) => {
      const length = from.number(2, name);
      if (length > most) throw bad(`${name}: expected at most ${most} bytes, got ${length}`);
      return Uint8Array.from(from.take(length, name));
    },
    (out, value) => {
      if (value.length > most) throw bad(`${name}: expected at most ${most} bytes, got ${value.length}`);
      out.number(value.length, 2, name);
      out.bytes(value);
    },
  );
}

/** A fixed number of bytes. */
export function fixed(name: string, length: number): Codec<Uint8Array> {
  return plain(
    name,
    (from) => Uint8Array.from(from.take(length, name)),
    (out, value) => {
      if (value.length !== length) throw bad(`${name}: expected ${length} bytes, got ${value.length}`);
      out.bytes(value);
    },
  );
}

/** TPM2B around a structure; the structure must fill it. */
export function sizedOf<T>(name: string, inner: Codec<T>): Codec<T> {
  return {
    name,
    members: [{ name: "", codec: inner as Codec<never> }],
    read: (from) => decode(inner, from.take(from.number(2, name), name)),
    write: (out, value) => {
      const bytes = encode(inner, value);
      out.number(bytes.length, 2, name);
      out.bytes(bytes);
    },
  };
}

/** TPML: a count of four bytes, then as many elements. */
export function list<T>(name: string, element: Codec<T>, most: number): Codec<readonly T[]> {
  return {
    name,
    members: [{ name: "", codec: element as Codec<never> }],
    read: (from) => {
      const count = from.number(4, name);
      if (count > most) throw bad(`${name}: expected at most ${most} elements, got ${count}`);
      return Array.from({ length: count }, () => element.read(from));
    },
    write: (out, values) => {
      if (values.length > most) throw bad(`${name}: expected at most ${most} elements, got ${values.length}`);
      out.number(values.length, 4, name);
      for (const value of values) element.write(out, value);
    },
  };
}

/** TPMS: members one after the other. */
export function struct<F extends Fields>(name: string, fields: F): Codec<RecordOf<F>> {
  const members = Object.entries(fields) as [string, Codec<unknown>][];
  return {
    name,
    members: members.map(([member, codec]) => ({ name: member, codec })),
    read: (from) => {
      const value: Record<string, unknown> = {};
      for (const [member, codec] of members) value[member] = codec.read(from);
      return value as RecordOf<F>;
    },
    write: (out, value) => {
      for (const [member, codec] of members) codec.write(out, (value as Record<string, unknown>)[member]);
    },
  };
}

type Choices = Readonly<Record<string, Codec<never> | Codec<unknown>>>;
export type ChoiceOf<C> = { readonly [K in keyof C]: { readonly is: K; readonly value: ValueOf<C[K]> } }[keyof C];

/** TPMU behind its selector: what follows depends on a number before it. */
export function choice<C extends Choices>(
  name: string,
  selector: Codec<keyof C & string>,
  choices: C,
): Codec<ChoiceOf<C>> {
  return {
    name,
    members: Object.entries(choices).map(([text, codec]) => ({ name: text, codec: codec as Codec<unknown> })),
    read: (from) => {
      const is = selector.read(from);
      return { is, value: (choices[is] as Codec<unknown>).read(from) } as unknown as ChoiceOf<C>;
    },
    write: (out, { is, value }) => {
      selector.write(out, is as keyof C & string);
      (choices[is] as Codec<unknown>).write(out, value);
    },
  };
}

/** Nothing: TPMS_EMPTY. */
export const empty: Codec<undefined> = plain(
  "TPMS_EMPTY",
  () => undefined,
  () => {},
);
