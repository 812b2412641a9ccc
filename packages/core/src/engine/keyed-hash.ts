/**
 * HalfSipHash-1-3: a keyed 32-bit hash. Only a party that knows the key can choose inputs that collide.
 *
 * A workload chooses the paths and names that end up in raw keys. With an unkeyed hash, or one with key-independent collisions
 * such as murmur3, it could fill one chain of the table and turn every lookup into a linear walk. This is the variant that
 * Linux uses for hash tables on 32-bit machines (include/linux/siphash.h, lib/siphash.c: `hsiphash`). It orders a table and
 * proves nothing: never compare keys by the hash alone.
 */

/** The secret of one table: two 32-bit words from a random source, held in memory only. */
export type HashKey = readonly [number, number];

/** Hashes bytes `start` to `end` of `view`; the result is a signed 32-bit integer. */
export function keyedHash(view: DataView, start: number, end: number, key0: number, key1: number): number {
  const length = end - start;
  const whole = start + (length & ~3);
  let v0 = key0;
  let v1 = key1;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  let word = 0;
  let last = length << 24;
  for (let tail = whole; tail < end; tail++) last |= view.getUint8(tail) << ((tail - whole) << 3);

  for (let at = start; at <= whole; at += 4) {
    word = at === whole ? last : view.getInt32(at, true);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }

  v2 ^= 0xff;
  for (let round = 0; round < 3; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}
