/**
 * The verdicts that were given already, by raw key. With this lookup a repeated event costs next to nothing.
 *
 *   slots   hash │ where │ length │ verdict     four u32 a slot, open addressing, linear probing, at most ¾ full
 *              │       └─────────┐
 *   arena   key bytes, padded to words, never across a chunk        chunks of 1 MiB, so nothing is copied to grow
 *
 * Keys are compared whole: a workload chooses the paths inside its keys, and two keys with one hash must not share a verdict.
 * Everything that a verdict depends on must be part of the key.
 *
 * When the next key would pass `maxBytes`, the table is emptied and starts again. Old file versions leave keys behind that are
 * never looked up again. Starting again removes them without bookkeeping on the hot path, and costs one more decision for each
 * key in use. Losing a verdict is harmless: an unknown key is decided again.
 */
import { type HashKey, keyedHash } from "./keyed-hash.ts";

const SLOT_WORDS = 4;
const FIRST_SLOTS = 1024;
const CHUNK_SHIFT = 18;
const CHUNK_WORDS = 1 << CHUNK_SHIFT;

/** Longer keys are not kept; their events are decided each time. Two paths of 4096 bytes and the fixed part fit. */
const MAX_KEY_BYTES = 16_384;

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** A table from raw keys to verdicts (integers from 1 to 2³²−1; 0 means unknown). Lookups allocate nothing. */
export class KnownKeys {
  readonly #key0: number;
  readonly #key1: number;
  readonly #maxBytes: number;
  #slots = new Int32Array(FIRST_SLOTS * SLOT_WORDS);
  #mask = FIRST_SLOTS - 1;
  #used = 0;
  #size = 0;
  #chunks: Int32Array[] = [];
  #next = 0;
  #flushes = 0;

  #lastBuffer: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #shift = 0;

  /** `seed`: two random 32-bit words, new for each table and kept secret. */
  constructor(seed: HashKey, options: { readonly maxBytes?: number } = {}) {
    this.#key0 = seed[0] | 0;
    this.#key1 = seed[1] | 0;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  /** How many keys have a verdict. */
  get size(): number {
    return this.#size;
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.#slots.byteLength + this.#chunks.length * CHUNK_WORDS * 4;
  }

  /** How often the table was full and started again. */
  get flushes(): number {
    return this.#flushes;
  }

  /** The verdict for the key in bytes `start` to `end` of `buffer`, or 0. */
  lookup(buffer: Uint8Array, start: number, end: number): number {
    if (!isKey(buffer, start, end)) return 0;
    this.#look(buffer);
    const from = start + this.#shift;
    const to = end + this.#shift;
    const hash = keyedHash(this.#view, from, to, this.#key0, this.#key1);
    return (this.#slots[this.#find(hash, from, to) + 3] as number) >>> 0;
  }

  /** Sets the verdict for a key. The bytes are copied. */
  remember(buffer: Uint8Array, start: number, end: number, verdict: number): void {
    if (!isKey(buffer, start, end) || verdict === 0) return;
    this.#look(buffer);
    const from = start + this.#shift;
    const to = end + this.#shift;
    const hash = keyedHash(this.#view, from, to, this.#key0, this.#key1);
    let slot = this.#find(hash, from, to);
    if (this.#slots[slot + 2] === 0) {
      if (!this.#makeRoom(to - from)) return;
      slot = this.#find(hash, from, to);
      this.#slots[slot] = hash;
      this.#slots[slot + 1] = this.#store(from, to);
      this.#slots[slot + 2] = to - from;
      this.#used += 1;
    }
    if (this.#slots[slot + 3] === 0) this.#size += 1;
    this.#slots[slot + 3] = verdict;
  }

  /** Removes one key. Its bytes stay until the table starts again. */
  forget(buffer: Uint8Array, start: number, end: number): void {
    if (!isKey(buffer, start, end)) return;
    this.#look(buffer);
    const from = start + this.#shift;
    const to = end + this.#shift;
    const slot = this.#find(keyedHash(this.#view, from, to, this.#key0, this.#key1), from, to);
    if (this.#slots[slot + 3] === 0) return;
    this.#slots[slot + 3] = 0;
    this.#size -= 1;
  }

  /** Removes every key and frees the memory. */
  clear(): void {
    this.#slots = new Int32Array(FIRST_SLOTS * SLOT_WORDS);
    this.#mask = FIRST_SLOTS - 1;
    this.#used = 0;
    this.#size = 0;
    this.#chunks = [];
    this.#next = 0;
  }

  /** Offset of the slot that holds the key, or of the empty slot where it belongs. */
  #find(hash: number, from: number, to: number): number {
    const slots = this.#slots;
    const length = to - from;
    for (let probe = hash & this.#mask; ; probe = (probe + 1) & this.#mask) {
      const slot = probe * SLOT_WORDS;
      const held = slots[slot + 2];
      if (held === 0) return slot;
      if (slots[slot] === hash && held === length && this.#holds(slots[slot + 1] as number, from, to)) return slot;
    }
  }

  #holds(where: number, from: number, to: number): boolean {
    const view = this.#view;
    const chunk = this.#chunks[where >>> CHUNK_SHIFT] as Int32Array;
    let word = where & (CHUNK_WORDS - 1);
    const whole = to - 3;
    let at = from;
    for (; at < whole; at += 4) if (chunk[word++] !== view.getInt32(at, true)) return false;
    return at >= to || chunk[word] === tailWord(view, at, to);
  }

  #store(from: number, to: number): number {
    const where = this.#next;
    const chunk = this.#chunks[where >>> CHUNK_SHIFT] as Int32Array;
    let word = where & (CHUNK_WORDS - 1);
    let at = from;
    for (; at + 4 <= to; at += 4) chunk[word++] = this.#view.getInt32(at, true);
    if (at < to) chunk[word] = tailWord(this.#view, at, to);
    this.#next = where + wordsFor(to - from);
    return where;
  }

  /** Makes room for one more key in slots and arena. Returns false if even an empty table could not hold it. */
  #makeRoom(length: number): boolean {
    if (this.#grow(length)) return true;
    this.clear();
    this.#flushes += 1;
    return this.#grow(length);
  }

  #grow(length: number): boolean {
    const crowded = (this.#used + 1) * 4 > (this.#mask + 1) * 3;
    const left = this.#chunks.length * CHUNK_WORDS - this.#next;
    const cramped = wordsFor(length) > left;
    const added = (crowded ? this.#slots.byteLength : 0) + (cramped ? CHUNK_WORDS * 4 : 0);
    if (added > 0 && this.bytes + added > this.#maxBytes) return false;
    if (crowded) this.#rehash();
    if (cramped) {
      this.#next = this.#chunks.length * CHUNK_WORDS;
      this.#chunks.push(new Int32Array(CHUNK_WORDS));
    }
    return true;
  }

  #rehash(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = this.#mask * 2 + 1;
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      if (old[from + 2] === 0) continue;
      let probe = (old[from] as number) & mask;
      while (slots[probe * SLOT_WORDS + 2] !== 0) probe = (probe + 1) & mask;
      for (let word = 0; word < SLOT_WORDS; word++) slots[probe * SLOT_WORDS + word] = old[from + word] as number;
    }
    this.#slots = slots;
    this.#mask = mask;
  }

  /** A sensor passes slices of the same memory again and again, so one view of that memory is kept. */
  #look(buffer: Uint8Array): void {
    if (buffer === this.#lastBuffer) return;
    if (buffer.buffer !== this.#view.buffer) this.#view = new DataView(buffer.buffer);
    this.#shift = buffer.byteOffset;
    this.#lastBuffer = buffer;
  }
}

/** Bytes beyond `buffer` in the same memory belong to other data and cannot be part of a key. */
function isKey(buffer: Uint8Array, start: number, end: number): boolean {
  return start >= 0 && start < end && end <= buffer.length && end - start <= MAX_KEY_BYTES;
}

const wordsFor = (bytes: number): number => (bytes + 3) >>> 2;

/** The one to three bytes that are left after the last whole word, zero padded. The length is compared apart. */
function tailWord(view: DataView, at: number, to: number): number {
  let word = 0;
  for (let tail = at; tail < to; tail++) word |= view.getUint8(tail) << ((tail - at) << 3);
  return word;
}
