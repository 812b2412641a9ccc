/**
 * The records of a ledger: what a host extended into the registers of its TPM during one boot, in order (docs/spec/ledger.md).
 *
 * A file is records one after the other, each behind its length in two bytes, big-endian. A record is a map in deterministic CBOR,
 * and has one encoding.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { bytes, choice, count, map, type Of, read, text, word, write } from "../cbor/index.ts";
import { AttestError } from "../error.ts";
import { numberBytes } from "../tpm/bytes.ts";
import { NAMING_BYTES } from "./naming.ts";

const DIGEST = bytes(32);
/** A Name of the TPM over SHA-256: its algorithm in two bytes, then the digest. */
const NAME = bytes(34);

/** In each record: its number in the ledger from 0 on, the Name of the register it is extended into, milliseconds since 1970. */
const head = { sequence: count, register: NAME, at: count };
/** Number of the record with the birth of the namespace that a record is about. */
const about = { ...head, birth: count };
/** The register that a record brings into being: TPMS_NV_PUBLIC as it was defined, and TPMT_PUBLIC of its birth key. */
const born = { area: bytes(1, 256), key: bytes(1, 512) };

export const MOST_LABEL = 256;
export const MOST_REASON = 256;

const shapes = {
  /** The first of a ledger. Its register is shared by the namespaces that have none of their own. */
  begin: map({
    ...head,
    kind: word("begin"),
    version: word("isoline ledger 2"),
    /** Of the kernel: /proc/sys/kernel/random/boot_id. */
    boot: bytes(16),
    /** Of the TPM, at that moment. */
    resetCount: count,
    restartCount: count,
    /** The register of platform configuration that begins, births and ends are extended into, in the SHA-256 bank. */
    pcr: count,
    /** Its value before this record. */
    from: DIGEST,
    /** Modulus of the key that names namespaces. */
    names: bytes(NAMING_BYTES),
    ...born,
  }),
  /** A namespace begins. */
  birth: map({
    ...head,
    kind: word("birth"),
    /** Of its label, by the key in `begin`. */
    name: DIGEST,
    mode: word("learn", "watch", "enforce"),
    sensor: word("seccomp", "bpf"),
    /** SHA-256 over registers 0 to 7 of the TPM, from which the namespace's measurement begins. */
    aggregate: DIGEST,
    /** Portable state of the contour that it begins with. */
    state: DIGEST,
    ...born,
  }),
  /** The same in the shared register. */
  guest: map({
    ...head,
    kind: word("guest"),
    /** Of its label, by the key in `begin`. */
    name: DIGEST,
    mode: word("learn", "watch", "enforce"),
    sensor: word("seccomp", "bpf"),
    aggregate: DIGEST,
    state: DIGEST,
  }),
  /** How far the namespace has come. */
  checkpoint: map({ ...about, kind: word("checkpoint"), measurement: DIGEST, points: count, events: count }),
  /** The first departure of a process, before its call went ahead. `process` is its number in the namespace. */
  departure: map({ ...about, kind: word("departure"), process: count, pid: count, point: DIGEST }),
  /** The contour permits more from here on: its portable state, before anything that it adds went ahead. */
  amendment: map({ ...about, kind: word("amendment"), state: DIGEST, points: count }),
  /** Something could not be observed, or could not be recorded in time. */
  loss: map({ ...about, kind: word("loss"), reason: text(MOST_REASON), count }),
  /** The namespace has ended. `value` is that of its register before this record. */
  end: map({
    ...about,
    kind: word("end"),
    measurement: DIGEST,
    state: DIGEST,
    events: count,
    off: count,
    refused: count,
    lost: count,
    value: DIGEST,
  }),
} as const;

type Shapes = typeof shapes;
export type RecordKind = keyof Shapes;
export type LedgerRecord = { [K in RecordKind]: Of<Shapes[K]> }[RecordKind];
export type RecordOf<K extends RecordKind> = Of<Shapes[K]>;
export const recordShapes = shapes;

/** No record is longer. */
const MOST_RECORD = 2048;
/** No ledger is longer. One that is full takes no more records, as if the TPM had failed. */
export const MOST_LEDGER = 64 * 2 ** 20;
/** Bytes of the length before each record. */
const LENGTH_BYTES = 2;
const DOMAIN = "isoline register 1";

/** The one encoding of a record. */
export function encodeRecord(record: LedgerRecord): Uint8Array {
  const encoded = write(shapes[record.kind] as never, record as never, "ledger record");
  if (encoded.length > MOST_RECORD)
    throw new AttestError("bad-ledger", `a record of ${encoded.length} bytes is too long; expected ${MOST_RECORD}`);
  return encoded;
}

/** The record that exactly these bytes are. */
export function decodeRecord(encoded: Uint8Array, sequence: number): LedgerRecord {
  const what = `record ${sequence} of a ledger`;
  return read(anyRecord, encoded, MOST_RECORD, what) as LedgerRecord;
}

const anyRecord = choice("kind", shapes);

/** A record as it stands in the file. */
export function framed(encoded: Uint8Array): Uint8Array {
  return concatBytes(numberBytes(encoded.length, LENGTH_BYTES), encoded);
}

/** The records in a ledger, in their encodings, and the bytes that they take: fewer than there are where it ends within a record. */
export function wholeRecords(file: Uint8Array): { readonly records: readonly Uint8Array[]; readonly bytes: number } {
  if (file.length > MOST_LEDGER) throw broken(`expected at most ${MOST_LEDGER} bytes, got ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  let at = 0;
  while (at + LENGTH_BYTES <= file.length) {
    const from = at + LENGTH_BYTES;
    const to = from + view.getUint16(at);
    if (to > file.length) break;
    records.push(file.subarray(from, to));
    at = to;
  }
  return { records, bytes: at };
}

/** The first record of a ledger. Nothing is said of those after it. */
export function firstRecord(file: Uint8Array): LedgerRecord | undefined {
  const [first] = wholeRecords(file).records;
  return first && decodeRecord(first, 0);
}

/** The records of a whole ledger, refusing bytes that end within a record. */
export function recordsIn(file: Uint8Array): readonly Uint8Array[] {
  const { records, bytes } = wholeRecords(file);
  if (bytes < file.length) throw broken(`it ends within the record at byte ${bytes}`);
  return records;
}

/** SHA-256( "isoline register 1" ‖ record ): what a register is extended by. */
export function extensionOf(encoded: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8ToBytes(DOMAIN), encoded));
}

/** What a register of this value becomes (TPM 2.0 Library, part 3, 31.7 and 22.2): SHA-256( value ‖ extension ). */
export function extended(value: Uint8Array, extension: Uint8Array): Uint8Array {
  return sha256(concatBytes(value, extension));
}

export function broken(why: string): AttestError {
  return new AttestError("bad-ledger", `this ledger proves nothing: ${why}; fetch it again, or distrust the node`);
}
