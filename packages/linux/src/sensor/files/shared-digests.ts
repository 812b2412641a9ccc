/**
 * Digests that the namespaces of one process share, in memory that all of its threads see.
 *
 *   words     lock, epoch, descriptors, counters, the devices that are watched
 *   entries   sets of four: key (56 bytes), digest (32 bytes), epoch (4 bytes)
 *
 * An entry is of the epoch in which it was written. A new epoch begins, and so every entry is forgotten, when the clock was set by
 * any process or a file system is gone whose device number is in a key: from then on a key might be made again with other content.
 * The kernel says both, and is asked before every look.
 *
 * A thread that ends within the lock leaves it closed. Then nothing is found any more, and files are hashed.
 */
import { randomBytes } from "node:crypto";
import type { Digest } from "@isoline/core/digest";
import { watchClock, watchMount, watchMounts, wasClockSet, wasUnmounted } from "../../abi/changes.ts";

/** Bytes of a key: see `NodeDigests`. */
export const KEY_BYTES = 56;
const DIGEST_BYTES = 32;
const EPOCH_AT = KEY_BYTES + DIGEST_BYTES;
const ENTRY_BYTES = 96;
const WAYS = 4;
const SETS = 2048;

/** What the first words are. */
const [LOCK, EPOCH, CLOCK, MOUNTS, KEPT, FOUND, SEED, DEVICES] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const FIRST_DEVICE = 8;
const MOST_DEVICES = 32;
const WORDS = FIRST_DEVICE + 2 * MOST_DEVICES;
/** An entry is copied in less than a microsecond. A thread that waits longer hashes the file instead. */
const TRIES = 2000;

export class SharedDigests {
  /** For `SharedDigests.of` in another thread. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #entries: Buffer;

  private constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#entries = Buffer.from(memory, WORDS * 4, SETS * WAYS * ENTRY_BYTES);
  }

  /** Without entries; undefined if this kernel cannot say when the clock was set or a file system is gone. */
  static begin(): SharedDigests | undefined {
    const [clock, mounts] = [watchClock(), watchMounts()];
    if (clock < 0 || mounts < 0) return undefined;
    const digests = new SharedDigests(new SharedArrayBuffer(WORDS * 4 + SETS * WAYS * ENTRY_BYTES));
    digests.#words.set([0, 1, clock, mounts, 0, 0, randomBytes(4).readInt32LE(0), 0]);
    return digests;
  }

  /** Those of another thread of this process. */
  static of(memory: SharedArrayBuffer): SharedDigests {
    return new SharedDigests(memory);
  }

  find(key: Buffer): Digest | undefined {
    return this.#alone(() => {
      const at = this.#placeOf(key);
      if (at === undefined) return undefined;
      Atomics.add(this.#words, FOUND, 1);
      return this.#entries.toString("hex", at + KEY_BYTES, at + EPOCH_AT) as Digest;
    });
  }

  /** Keeps the digest of a file that the caller holds open. `top` is the NUL-terminated path of something on its file system. */
  keep(key: Buffer, digest: Digest, device: number, top: Buffer): void {
    this.#alone(() => {
      if (!this.#isWatched(device, top)) return;
      const set = this.#setOf(key);
      const at = this.#placeOf(key) ?? this.#freeIn(set) ?? set + (this.#word(KEPT) % WAYS) * ENTRY_BYTES;
      key.copy(this.#entries, at, 0, KEY_BYTES);
      this.#entries.write(digest, at + KEY_BYTES, DIGEST_BYTES, "hex");
      this.#entries.writeInt32LE(this.#word(EPOCH), at + EPOCH_AT);
      Atomics.add(this.#words, KEPT, 1);
    });
  }

  /** How many digests were kept and found so far. */
  get counts(): { readonly kept: number; readonly found: number } {
    return { kept: Atomics.load(this.#words, KEPT), found: Atomics.load(this.#words, FOUND) };
  }

  /** One thread at a time; undefined if another one has been in there for too long. */
  #alone<T>(act: () => T): T | undefined {
    for (let tries = 0; Atomics.compareExchange(this.#words, LOCK, 0, 1) !== 0; tries++)
      if (tries === TRIES) return undefined;
    try {
      this.#hear();
      return act();
    } finally {
      Atomics.store(this.#words, LOCK, 0);
    }
  }

  #hear(): void {
    const [isClockSet, isOneGone] = [wasClockSet(this.#word(CLOCK)), wasUnmounted(this.#word(MOUNTS))];
    if (!isClockSet && !isOneGone) return;
    this.#words[EPOCH] = this.#word(EPOCH) + 1;
    this.#words[DEVICES] = 0;
  }

  /** Whether it is said when the file system is gone. The caller holds a file of it open, so it is there now. */
  #isWatched(device: number, top: Buffer): boolean {
    const [major, minor] = [Math.floor(device / 2 ** 20), device % 2 ** 20];
    const count = this.#word(DEVICES);
    for (let at = FIRST_DEVICE; at < FIRST_DEVICE + 2 * count; at += 2)
      if (this.#word(at) === major && this.#word(at + 1) === minor) return true;
    if (count === MOST_DEVICES || watchMount(this.#word(MOUNTS), top) < 0) return false;
    this.#words.set([major, minor], FIRST_DEVICE + 2 * count);
    this.#words[DEVICES] = count + 1;
    return true;
  }

  #placeOf(key: Buffer): number | undefined {
    const epoch = this.#word(EPOCH);
    return this.#places(this.#setOf(key)).find(
      (at) =>
        this.#entries.readInt32LE(at + EPOCH_AT) === epoch &&
        this.#entries.compare(key, 0, KEY_BYTES, at, at + KEY_BYTES) === 0,
    );
  }

  #freeIn(set: number): number | undefined {
    const epoch = this.#word(EPOCH);
    return this.#places(set).find((at) => this.#entries.readInt32LE(at + EPOCH_AT) !== epoch);
  }

  #places(set: number): number[] {
    return Array.from({ length: WAYS }, (_, way) => set + way * ENTRY_BYTES);
  }

  /** FNV-1a, begun with a number that no workload knows: none chooses files that fill the set of another one's. */
  #setOf(key: Buffer): number {
    let sum = this.#word(SEED);
    for (const byte of key) sum = Math.imul(sum ^ byte, 0x0100_0193);
    return ((sum ^ (sum >>> 15)) & (SETS - 1)) * WAYS * ENTRY_BYTES;
  }

  #word(index: number): number {
    return this.#words[index] ?? 0;
  }
}
