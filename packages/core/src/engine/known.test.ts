import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyedHash } from "./keyed-hash.ts";
import { KnownKeys } from "./known.ts";

/** Two keys with the same hash: some 80 000 tries find a pair among 2³² hashes. They differ in their first three bytes. */
function collision(length: number, key0: number, key1: number): [Buffer, Buffer] {
  const seen = new Map<number, number>();
  const key = Buffer.alloc(length);
  const view = new DataView(key.buffer, key.byteOffset, length);
  for (let index = 0; ; index++) {
    key.writeUIntLE(index, 0, 3);
    const hash = keyedHash(view, 0, length, key0, key1);
    const earlier = seen.get(hash);
    if (earlier !== undefined) {
      const other = Buffer.alloc(length);
      other.writeUIntLE(earlier, 0, 3);
      return [key, other];
    }
    seen.set(hash, index);
  }
}

const bytes = (text: string) => Buffer.from(text, "latin1");

describe("KnownKeys", () => {
  test("knows a key by its bytes, wherever they stand", () => {
    const known = new KnownKeys([1, 2]);
    const record = bytes("....open /etc/passwd....");
    known.remember(record, 4, 20, 7);
    expect(known.lookup(record, 4, 20)).toBe(7);
    expect(known.lookup(bytes("open /etc/passwd"), 0, 16)).toBe(7);
    expect(known.lookup(record, 4, 19)).toBe(0);
    expect(known.lookup(record, 3, 20)).toBe(0);
    expect(known.size).toBe(1);
  });

  test("keeps its own copy of a key", () => {
    const known = new KnownKeys([1, 2]);
    const record = bytes("key one");
    known.remember(record, 0, 7, 1);
    record.write("key two");
    expect(known.lookup(record, 0, 7)).toBe(0);
    expect(known.lookup(bytes("key one"), 0, 7)).toBe(1);
  });

  test("keeps the whole range of verdicts; only 0 means none", () => {
    const known = new KnownKeys([1, 2]);
    known.remember(bytes("a"), 0, 1, 0xffff_ffff);
    known.remember(bytes("b"), 0, 1, 0x8000_0000);
    known.remember(bytes("c"), 0, 1, 0);
    expect([..."abc"].map((key) => known.lookup(bytes(key), 0, 1))).toEqual([0xffff_ffff, 0x8000_0000, 0]);
  });

  test.each([3, 7, 8])("keeps two keys of %d bytes and one hash apart", (length) => {
    const [one, other] = collision(length, 7, 8);
    const known = new KnownKeys([7, 8]);
    known.remember(one, 0, one.length, 1);
    expect(known.lookup(other, 0, other.length)).toBe(0);
    known.remember(other, 0, other.length, 2);
    expect([known.lookup(one, 0, one.length), known.lookup(other, 0, other.length)]).toEqual([1, 2]);
    known.forget(one, 0, one.length);
    expect([known.lookup(one, 0, one.length), known.lookup(other, 0, other.length)]).toEqual([0, 2]);
  });

  test("never reads beyond the buffer it was passed, even if more memory follows", () => {
    const memory = bytes("secret-neighbour");
    const slice = memory.subarray(0, 6);
    const known = new KnownKeys([1, 2]);
    known.remember(memory, 0, 16, 5);
    expect(known.lookup(slice, 0, 16)).toBe(0);
    known.remember(slice, 0, 10, 6);
    expect(known.lookup(memory, 0, 10)).toBe(0);
    expect(known.lookup(memory, -1, 4)).toBe(0);
  });

  test("when full, starts again within its bound and says so", () => {
    const maxBytes = 2 * 1024 * 1024;
    const known = new KnownKeys([3, 4], { maxBytes });
    const key = Buffer.alloc(200);
    for (let index = 1; index <= 20_000; index++) {
      key.writeUInt32LE(index);
      known.remember(key, 0, 200, index);
      expect(known.lookup(key, 0, 200)).toBe(index);
      expect(known.bytes).toBeLessThanOrEqual(maxBytes);
    }
    expect(known.flushes).toBeGreaterThan(0);
    expect(known.size).toBeLessThan(20_000);
  });

  test("a bound too small for anything costs speed only", () => {
    const known = new KnownKeys([3, 4], { maxBytes: 1000 });
    known.remember(bytes("key"), 0, 3, 1);
    expect(known.lookup(bytes("key"), 0, 3)).toBe(0);
  });

  test("a key longer than any record is not kept", () => {
    const known = new KnownKeys([3, 4]);
    known.remember(Buffer.alloc(20_000), 0, 20_000, 1);
    expect(known.lookup(Buffer.alloc(20_000), 0, 20_000)).toBe(0);
    expect(known.size).toBe(0);
  });
});

/** Keys that an adversary would choose: prefixes of one another, zero padding, word boundaries, all but one byte equal. */
const adversarialKey = fc.oneof(
  fc
    .tuple(fc.constantFrom(0, 1, 255), fc.integer({ min: 1, max: 13 }))
    .map(([byte, length]) => Buffer.alloc(length, byte)),
  fc.integer({ min: 0, max: 95 }).map((at) => {
    const key = Buffer.alloc(96, 0x2f);
    key[at] = 0;
    return key;
  }),
  fc.uint8Array({ minLength: 1, maxLength: 9 }).map((part) => Buffer.from(part)),
);

const step = fc.record({
  kind: fc.constantFrom("remember", "remember", "remember", "forget", "lookup", "clear"),
  key: adversarialKey,
  verdict: fc.integer({ min: 1, max: 0xffff_ffff }),
  offset: fc.integer({ min: 0, max: 5 }),
});

test("behaves like a Map under any sequence of operations", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.integer(), fc.integer(), (steps, seed0, seed1) => {
      const known = new KnownKeys([seed0, seed1]);
      const model = new Map<string, number>();
      for (const { kind, key, verdict, offset } of steps) {
        const record = Buffer.concat([Buffer.alloc(offset, 0xaa), key, Buffer.alloc(3, 0xaa)]);
        const name = key.toString("hex");
        const end = offset + key.length;
        if (kind === "remember") {
          known.remember(record, offset, end, verdict);
          model.set(name, verdict);
        } else if (kind === "forget") {
          known.forget(record, offset, end);
          model.delete(name);
        } else if (kind === "clear" && verdict % 7 === 0) {
          known.clear();
          model.clear();
        }
        expect(known.lookup(record, offset, end)).toBe(model.get(name) ?? 0);
        expect(known.size).toBe(model.size);
      }
      for (const [name, verdict] of model) {
        const key = Buffer.from(name, "hex");
        expect(known.lookup(key, 0, key.length)).toBe(verdict);
      }
    }),
  );
});

test("keeps a hundred thousand keys apart", () => {
  const known = new KnownKeys([5, 6]);
  const key = Buffer.alloc(96);
  for (let index = 1; index <= 100_000; index++) {
    key.writeUInt32LE(index, 60);
    known.remember(key, 0, 96, index);
  }
  expect(known.size).toBe(100_000);
  let wrong = 0;
  for (let index = 1; index <= 100_000; index++) {
    key.writeUInt32LE(index, 60);
    if (known.lookup(key, 0, 96) !== index) wrong += 1;
  }
  expect(wrong).toBe(0);
});
