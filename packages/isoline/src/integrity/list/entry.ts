/** One entry of a measurement list and its fields. */
import { type Bank, hashInto } from "../hash-algorithms.ts";
import { badList } from "./refusal.ts";
import { findTemplate, type Template } from "./template.ts";

/** Unchanged from the list; the buffers are views of it. */
export interface Entry {
  /** The register (PCR) it was extended into. */
  readonly register: number;
  /** The template digest that was recorded; all zero is a violation. */
  readonly digest: Buffer;
  /** The name of the template, whether this version knows it or not. */
  readonly template: string;
  /** The template data, byte for byte: what is hashed. */
  readonly data: Buffer;
}

/** A measurement list in memory. */
export interface MeasurementList {
  /** The algorithm of the recorded template digests. */
  readonly bank: Bank;
  /** Byte order of lengths and numbers; the canonical format is little endian. */
  readonly littleEndian: boolean;
  readonly entries: readonly Entry[];
}

/** Longest event name of the original template, with its zero (IMA_EVENT_NAME_LEN_MAX + 1). */
const PADDED_NAME = 256;
const ORIGINAL_DIGEST = 20;
const padded = Buffer.alloc(ORIGINAL_DIGEST + PADDED_NAME);

/** A violation: the kernel could not measure reliably, and records zeros. */
export function isViolation(entry: Entry): boolean {
  for (const byte of entry.digest) if (byte !== 0) return false;
  return true;
}

/** Computes an entry's template digest in a bank, over the raw bytes of its data. */
export function templateDigestInto(entry: Entry, bank: Bank, out: Buffer, at: number): void {
  if (entry.template !== "ima") return hashInto(bank, entry.data, out, at);
  padded.fill(0, ORIGINAL_DIGEST);
  entry.data.copy(padded, 0, 0, ORIGINAL_DIGEST);
  entry.data.copy(padded, ORIGINAL_DIGEST, ORIGINAL_DIGEST + 4, ORIGINAL_DIGEST + 4 + PADDED_NAME - 1);
  hashInto(bank, padded, out, at);
}

/** A digest of a file as an entry holds it. */
export interface FileDigest {
  /** `ima` for the content, `verity` for an fs-verity root; only v2 fields record it. */
  readonly kind: string | undefined;
  /** Undefined in the original template, which holds SHA-1, or MD5 and zeros. */
  readonly algorithm: string | undefined;
  readonly digest: Buffer;
}

/** What an entry says about a file or a buffer; a field that its template lacks is absent. */
export interface Measured {
  readonly file?: FileDigest;
  /** Name of a file, or of another measured object; raw bytes. */
  readonly name?: Buffer;
  /** The value of `security.ima`; empty if there was none. */
  readonly signature?: Buffer;
  readonly buffer?: Buffer;
}

/** Reads the fields of an entry; undefined for an unknown template. `number` counts from 1, for error messages. */
export function readMeasured(entry: Entry, littleEndian: boolean, number: number): Measured | undefined {
  const template = findTemplate(entry.template);
  if (template === undefined) return undefined;
  const fields = splitFields(entry, template, littleEndian, number);
  const measured: { -readonly [K in keyof Measured]: Measured[K] } = {};
  template.fields.forEach(({ name }, index) => {
    const field = fields[index] as Buffer;
    switch (name) {
      case "d":
        measured.file = { kind: undefined, algorithm: undefined, digest: field };
        break;
      case "d-ng":
      case "d-ngv2":
        measured.file = readDigest(field, number);
        break;
      case "n":
        measured.name = template.isOriginal ? field : withoutZero(field, number);
        break;
      case "n-ng":
        measured.name = withoutZero(field, number);
        break;
      case "sig":
        measured.signature = field;
        break;
      case "buf":
        measured.buffer = field;
        break;
      default:
    }
  });
  return measured;
}

/** Splits template data into the fields of its template, which must fill it exactly. */
export function splitFields(entry: Entry, template: Template, littleEndian: boolean, number: number): Buffer[] {
  const { data } = entry;
  if (template.isOriginal) return [data.subarray(0, ORIGINAL_DIGEST), data.subarray(ORIGINAL_DIGEST + 4)];
  fieldEnds(data, template, littleEndian, number);
  return template.fields.map((_, index) =>
    data.subarray(index === 0 ? 4 : (ends[index - 1] as number) + 4, ends[index]),
  );
}

/** Where each field ends; its bytes begin four after the end of the one before. Overwritten by the next call. */
const ends: number[] = [];

/** Finds the ends of the fields of template data, and refuses fields that do not fill it exactly. */
export function fieldEnds(data: Buffer, template: Template, littleEndian: boolean, number: number): readonly number[] {
  const { fields } = template;
  let at = 0;
  for (let index = 0; index < fields.length; index++) {
    const left = data.length - at - 4;
    if (left < 0) throw badList(number, `expected a length for field ${fields[index]?.name}, got the end of the entry`);
    const length = littleEndian ? data.readUInt32LE(at) : data.readUInt32BE(at);
    if (length > left)
      throw badList(number, `field ${fields[index]?.name} says ${length} bytes, only ${left} are left in the entry`);
    at += 4 + length;
    ends[index] = at;
  }
  if (at !== data.length)
    throw badList(number, `expected the end after its last field, got ${data.length - at} bytes more`);
  return ends;
}

/** `sha256:` ‖ 00 ‖ digest, or `verity:sha256:` ‖ 00 ‖ digest. */
function readDigest(field: Buffer, number: number): FileDigest {
  const zero = field.indexOf(0);
  if (zero < 2 || field[zero - 1] !== 0x3a)
    throw badList(
      number,
      `expected a digest as ALGORITHM:, a zero byte and the digest, got ${field.length} other bytes`,
    );
  const words = field.toString("latin1", 0, zero - 1).split(":");
  if (words.length > 2 || !words.every((word) => /^[a-z0-9-]+$/.test(word)))
    throw badList(number, "expected the name of a hash algorithm in front of a digest, got something else");
  return { kind: words.length > 1 ? words[0] : undefined, algorithm: words.at(-1), digest: field.subarray(zero + 1) };
}

function withoutZero(name: Buffer, number: number): Buffer {
  const zero = name.indexOf(0);
  if (zero !== name.length - 1 || zero < 1)
    throw badList(number, `expected a name that ends with its only zero byte, got ${name.length} bytes without one`);
  return name.subarray(0, zero);
}
