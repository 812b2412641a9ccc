/**
 * Reads a measurement list as the kernel writes it (`binary_runtime_measurements`, and `…_sha256` and the like).
 *
 *   u32 register ‖ template digest ‖ u32 length ‖ template name ‖ u32 length ‖ template data
 *
 * The template digest has 20 bytes in the first file, and those of the bank in the others. The original template `ima` has
 * no length in front of its data: digest[20] ‖ u32 length ‖ name. Numbers are in the byte order of the machine, or little
 * endian with `ima_canonical_fmt` (security/integrity/ima/ima_fs.c, ima_measurements_show).
 */
import { type Bank, bankSize, banks } from "../hash-algorithms.ts";
import { type Entry, fieldEnds, type MeasurementList } from "./entry.ts";
import { badList } from "./refusal.ts";
import { findTemplate, type Template } from "./template.ts";

/** A TPM 2.0 has fewer registers; the kernel accepts no higher one in a rule (ima_policy.c, INVALID_PCR). */
const MAX_REGISTER = 63;
const MAX_TEMPLATE_NAME = 255;
/** Larger than any buffer that the kernel measures. */
const MAX_DATA = 16 * 2 ** 20;
/** Some 800 MB in memory; a kernel that measured more would have measured every file of a distribution twice. */
const MAX_ENTRIES = 2_000_000;
/** IMA_EVENT_NAME_LEN_MAX. */
const MAX_ORIGINAL_NAME = 255;

interface Layout {
  readonly bank: Bank;
  readonly littleEndian: boolean;
}

/** Reads a whole list. `bank` says which file it is from; without it the bank is detected, and so is the byte order. */
export function readBinaryList(bytes: Buffer, bank?: Bank): MeasurementList {
  if (bytes.length === 0) return { bank: bank ?? "sha1", littleEndian: true, entries: [] };
  const layout = layoutOf(bytes, bank);
  const reader = new ListReader(bytes, layout);
  const entries: Entry[] = [];
  while (!reader.atEnd) {
    if (entries.length === MAX_ENTRIES) throw badList(MAX_ENTRIES + 1, `expected at most ${MAX_ENTRIES} entries`);
    entries.push(reader.next());
  }
  return { ...layout, entries };
}

/** Size of the first entry at the beginning of a kernel's sha1 list. */
export function firstEntryLength(bytes: Buffer): number {
  const reader = new ListReader(bytes, layoutOf(bytes, "sha1"));
  reader.next();
  return reader.position;
}

/** The layout in which the first entries are valid; if none is, the error of the likeliest is reported. */
function layoutOf(bytes: Buffer, bank: Bank | undefined): Layout {
  const candidates = [true, false].flatMap((littleEndian) =>
    (bank === undefined ? banks : [bank]).map((each) => ({ bank: each, littleEndian })),
  );
  return candidates.find((layout) => makesSense(bytes, layout)) ?? { bank: bank ?? "sha1", littleEndian: true };
}

function makesSense(bytes: Buffer, layout: Layout): boolean {
  try {
    const reader = new ListReader(bytes, layout);
    for (let entries = 0; entries < 2 && !reader.atEnd; entries++) reader.next();
    return true;
  } catch {
    return false;
  }
}

interface NamedTemplate {
  readonly name: string;
  readonly bytes: Buffer;
  readonly known: Template | undefined;
}

class ListReader {
  readonly #bytes: Buffer;
  readonly #littleEndian: boolean;
  readonly #digestSize: number;
  #last: NamedTemplate = { name: "", bytes: Buffer.alloc(0), known: undefined };
  #at = 0;
  #number = 0;

  constructor(bytes: Buffer, { bank, littleEndian }: Layout) {
    this.#bytes = bytes;
    this.#littleEndian = littleEndian;
    this.#digestSize = bankSize[bank];
  }

  get position(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  next(): Entry {
    this.#number += 1;
    const register = this.#u32("its register");
    if (register > MAX_REGISTER)
      throw badList(this.#number, `expected a register from 0 to ${MAX_REGISTER}, got ${register}`);
    const digest = this.#take(this.#digestSize, "its template digest");
    const { name, known } = this.#template();
    const data = known?.isOriginal ? this.#originalData() : this.#data();
    // The kernel generates the fields itself, so a length that exceeds them cannot come from a kernel.
    if (known !== undefined && !known.isOriginal) fieldEnds(data, known, this.#littleEndian, this.#number);
    return { register, digest, template: name, data };
  }

  /** Most entries have the template of the one before. */
  #template(): NamedTemplate {
    const length = this.#u32("the length of its template name");
    if (length === 0 || length > MAX_TEMPLATE_NAME)
      throw badList(this.#number, `expected a template name of 1 to ${MAX_TEMPLATE_NAME} bytes, got ${length}`);
    const at = this.#advance(length, "its template name");
    const { bytes } = this.#last;
    if (length === bytes.length && this.#bytes.compare(bytes, 0, length, at, at + length) === 0) return this.#last;
    const name = this.#bytes.toString("latin1", at, at + length);
    if (!/^[!-~]+$/.test(name))
      throw badList(this.#number, "expected a template name in printable letters, got others");
    this.#last = { name, bytes: Buffer.from(name, "latin1"), known: findTemplate(name) };
    return this.#last;
  }

  #data(): Buffer {
    const length = this.#u32("the length of its data");
    if (length > MAX_DATA) throw badList(this.#number, `says ${length} bytes of data, more than any entry has`);
    return this.#take(length, "its data");
  }

  /** digest[20] ‖ u32 length ‖ name. */
  #originalData(): Buffer {
    const start = this.#at;
    this.#take(20, "its digest");
    const length = this.#u32("the length of its name");
    if (length === 0 || length > MAX_ORIGINAL_NAME)
      throw badList(this.#number, `expected a name of 1 to ${MAX_ORIGINAL_NAME} bytes, got ${length}`);
    this.#take(length, "its name");
    return this.#bytes.subarray(start, this.#at);
  }

  #u32(what: string): number {
    const at = this.#advance(4, what);
    return this.#littleEndian ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  #take(length: number, what: string): Buffer {
    const at = this.#advance(length, what);
    return this.#bytes.subarray(at, at + length);
  }

  #advance(length: number, what: string): number {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw badList(this.#number, `expected ${length} bytes for ${what}, got the last ${left}`);
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
