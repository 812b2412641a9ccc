import { expect, test } from "vitest";
import { keyedHash } from "./keyed-hash.ts";

test("agrees with the vectors of Linux, lib/tests/siphash_kunit.c (32-bit hsiphash)", () => {
  const input = new DataView(Uint8Array.from({ length: 64 }, (_, index) => index).buffer);
  const hashOf = (length: number) => keyedHash(input, 0, length, 0x03020100, 0x07060504);
  expect([0, 1, 2, 3, 4, 5, 6, 7].map(hashOf)).toEqual([
    1477757078, -404200246, -1135931856, 22255929, 2114297510, -1998333797, -1610085531, -1657218602,
  ]);
});

test("depends on every byte, the length and the key", () => {
  const zeros = new DataView(new ArrayBuffer(70));
  const hashes = new Set<number>();
  for (let length = 0; length <= 64; length++) hashes.add(keyedHash(zeros, 0, length, 1, 2));
  for (let at = 0; at < 64; at++) {
    const one = new DataView(new ArrayBuffer(64));
    one.setUint8(at, 1);
    hashes.add(keyedHash(one, 0, 64, 1, 2));
  }
  hashes.add(keyedHash(zeros, 0, 64, 1, 3)).add(keyedHash(zeros, 0, 64, 2, 2));
  expect(hashes.size).toBe(65 + 64 + 2);
});
