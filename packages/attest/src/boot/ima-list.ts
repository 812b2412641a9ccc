/**
 * The kernel's list of measured files, replayed to the register that a quote must show.
 *
 * The binary form (security/integrity/ima/ima_fs.c, ima_measurements_show), little-endian as on x86: register 4 · template digest ·
 * length 4 · template name · length 4 · data. Only the bytes of the data count: the digest of a bank is computed from them, so that no
 * field has to be understood. A violation has a digest of zeros and extends ones.
 */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { equal } from "../cbor/index.ts";
import { AttestError } from "../error.ts";
import { hashOf } from "../tpm/hash.ts";

export interface ImaReplay {
  /** Entries of the register that lead to its quoted value; what follows was measured after the quote. */
  readonly entries: number;
  /** Of them, those that the kernel could not measure truly: a file was written while it was read. */
  readonly violations: number;
  /** Digest of the first entry, boot_aggregate, as the list has it. */
  readonly bootAggregate: Uint8Array | undefined;
  /** Where the whole list leads to: what was given as known, if nothing follows it. */
  readonly end: ImaEnd;
}

/** Where a list of some length leads to. The replay of a list that begins with the very same bytes may go on from there. */
export interface ImaEnd {
  /** Of the list; an entry ends there. */
  readonly bytes: number;
  /** Of the digest that each entry has; undefined of an empty list. */
  readonly digestBytes: number | undefined;
  /** Entries of all registers. */
  readonly all: number;
  /** Entries of the register, and violations among them. */
  readonly entries: number;
  readonly violations: number;
  /** The register. */
  readonly value: Uint8Array;
  readonly bootAggregate: Uint8Array | undefined;
}

const REGISTER = 10;
const MOST_ENTRIES = 2 ** 20;
const MOST_DATA = 2 ** 22;
const DIGEST_BYTES = 32;
const LATIN = new TextDecoder("latin1");
const VIOLATION = new Uint8Array(DIGEST_BYTES).fill(0xff);
/** The classic file has SHA-1 digests; those of banks have the digest of their bank. */
const DIGEST_SIZES = [DIGEST_BYTES, 20] as const;
/** Those of the kernel (ima_template.c), or the fields of one that was made by `ima_template_fmt=`. The name itself is not measured. */
const TEMPLATE =
  /^(?:ima|ima-ng|ima-sig|ima-ngv2|ima-sigv2|ima-buf|ima-modsig|evm-sig|[a-z][a-z0-9-]*(?:\|[a-z][a-z0-9-]*)+)$/;
/** The form before templates: its data has no length of its own. */
const ORIGINAL = "ima";
const ORIGINAL_NAME_BYTES = 256;

const BEGINNING: ImaEnd = {
  bytes: 0,
  digestBytes: undefined,
  all: 0,
  entries: 0,
  violations: 0,
  value: new Uint8Array(DIGEST_BYTES),
  bootAggregate: undefined,
};

/**
 * Replays the list in the SHA-256 bank up to the quoted value. Refuses one of which no beginning leads there, with `bad-event-log`.
 *
 * `known` is the end of a list whose bytes this one begins with, exactly; the result is the same as without it.
 */
export function replayImaList(list: Uint8Array, quoted: Uint8Array, known = BEGINNING): ImaReplay {
  const digestBytes = known.digestBytes ?? digestBytesOf(list);
  let { all, entries, violations, value, bootAggregate } = known;
  let reached = equal(value, quoted) ? { entries, violations } : undefined;
  for (const { register, template, data, extension } of entriesIn(list, digestBytes ?? DIGEST_BYTES, known)) {
    all += 1;
    if (register !== REGISTER) continue;
    if (entries === 0) bootAggregate = firstDigest(template, data);
    entries += 1;
    if (extension === undefined) violations += 1;
    value = hashOf("sha256", value, extension ?? VIOLATION);
    if (equal(value, quoted)) reached = { entries, violations };
  }
  if (reached !== undefined) {
    const end = { bytes: list.length, digestBytes, all, entries, violations, value, bootAggregate };
    return { ...reached, bootAggregate, end: list.length === known.bytes ? known : end };
  }
  // The value may be one of the entries that are known.
  if (known.bytes > 0) return replayImaList(list, quoted);
  throw refused(`register ${REGISTER} has a value that no beginning of its ${entries} entries leads to`);
}

interface Entry {
  readonly register: number;
  readonly template: string;
  readonly data: Uint8Array;
  /** What extends the SHA-256 bank; undefined for a violation. */
  readonly extension: Uint8Array | undefined;
}

function* entriesIn(list: Uint8Array, digestBytes: number, known: ImaEnd): Generator<Entry> {
  let at = known.bytes;
  const take = (length: number, what: string): Uint8Array => {
    if (length > list.length - at) throw refused(`it ends within ${what} at byte ${at}`);
    at += length;
    return list.subarray(at - length, at);
  };
  const numbers = new DataView(list.buffer, list.byteOffset, list.length);
  const number = (what: string): number => {
    take(4, what);
    return numbers.getUint32(at - 4, true);
  };
  const sized = (most: number, what: string): Uint8Array => {
    const length = number(what);
    if (length > most) throw refused(`${what} at byte ${at} has ${length} bytes; expected at most ${most}`);
    return take(length, what);
  };
  for (let entries = known.all; at < list.length; entries++) {
    if (entries === MOST_ENTRIES) throw refused(`it has more than ${MOST_ENTRIES} entries`);
    const register = number("a register");
    const digest = take(digestBytes, "a digest");
    const isViolation = digest.every((byte) => byte === 0);
    const template = LATIN.decode(sized(64, "a template"));
    if (!TEMPLATE.test(template)) throw refused(`no template has the name at byte ${at}`);
    const data = template === ORIGINAL ? originalData(take, sized) : sized(MOST_DATA, "the data of an entry");
    const extension = isViolation ? undefined : hashOf("sha256", data);
    const own = isViolation || digestBytes === DIGEST_BYTES ? extension : hashOf("sha1", data);
    if (own !== undefined && !equal(digest, own))
      throw refused(`the digest of entry ${entries + 1} is not that of its data`);
    yield { register, template, data, extension };
  }
}

function originalData(
  take: (length: number, what: string) => Uint8Array,
  sized: (most: number, what: string) => Uint8Array,
) {
  const data = new Uint8Array(20 + ORIGINAL_NAME_BYTES);
  data.set(take(20, "a digest"));
  data.set(sized(ORIGINAL_NAME_BYTES - 1, "a name"), 20);
  return data;
}

function digestBytesOf(list: Uint8Array): number | undefined {
  const size = DIGEST_SIZES.find((each) => beginsWithEntry(list, each));
  if (list.length > 0 && size === undefined) throw refused("it does not begin with an entry");
  return size;
}

function beginsWithEntry(list: Uint8Array, digestBytes: number): boolean {
  const at = 4 + digestBytes;
  const length = list[at] ?? 0;
  const name = LATIN.decode(list.subarray(at + 4, at + 4 + length));
  return length > 0 && equal(list.subarray(at + 1, at + 4), new Uint8Array(3)) && TEMPLATE.test(name);
}

/** `d-ng`, the first field of every template but the original: length 4 · `sha256:` or `sha1:` or another · 0 · digest. */
function firstDigest(template: string, data: Uint8Array): Uint8Array | undefined {
  if (template === ORIGINAL) return data.slice(0, 20);
  const length = data.subarray(0, 4).reduceRight((sum, byte) => sum * 256 + byte, 0);
  const field = data.subarray(4, 4 + length);
  const zero = field.indexOf(0);
  const prefix = utf8ToBytes("sha256:");
  return zero === prefix.length && equal(field.subarray(0, zero), prefix) ? field.slice(zero + 1) : undefined;
}

function refused(why: string): AttestError {
  return new AttestError(
    "bad-event-log",
    `the kernel's list of measured files proves nothing: ${why}; ask for new evidence`,
  );
}
