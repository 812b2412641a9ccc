import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Mapping, mapRound, mapShared, PROT_READ, PROT_WRITE } from "../abi/memory.ts";
import { RingReader } from "./ring.ts";

const PAGE = 4096;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;

const directory = mkdtempSync(join(tmpdir(), "isoline-ring-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A ring as the kernel lays it out, in a file: two pages for positions, then the data, which the reader maps twice. */
class FakeRing {
  static #rings = 0;
  readonly reader: RingReader;
  readonly path: string;
  readonly consumer: BigUint64Array;
  readonly producer: BigUint64Array;
  readonly #data: DataView;
  readonly #size: number;

  constructor(size: number, start = 0, again = size) {
    this.#size = size;
    this.path = join(directory, `ring-${FakeRing.#rings++}`);
    const fd = openSync(this.path, "w+");
    ftruncateSync(fd, 2 * PAGE + size);
    const map = (length: number, protection: number, offset: number) =>
      mapShared(fd, length, protection, offset) as Mapping;
    const positions = map(2 * PAGE, PROT_READ | PROT_WRITE, 0).bytes;
    this.consumer = new BigUint64Array(positions, 0, 1);
    this.producer = new BigUint64Array(positions, PAGE, 1);
    this.#data = new DataView(map(size, PROT_READ | PROT_WRITE, 2 * PAGE).bytes);
    this.consumer[0] = BigInt(start);
    this.producer[0] = BigInt(start);
    this.reader = new RingReader(
      map(PAGE, PROT_READ | PROT_WRITE, 0),
      map(PAGE, PROT_READ, PAGE),
      mapRound(fd, size, again, 2 * PAGE) as Mapping,
      size,
    );
    closeSync(fd);
  }

  /** Reserves and fills a record as the kernel does; `flags` stay set in its header. */
  put(bytes: Uint8Array, flags = 0, length = bytes.length): number {
    const position = Number(this.producer[0]);
    this.#data.setUint32(position % this.#size, (length | flags) >>> 0, true);
    bytes.forEach((byte, index) => this.#data.setUint8((position + 8 + index) % this.#size, byte));
    this.producer[0] = BigInt(position + ((8 + bytes.length + 7) & ~7));
    return position;
  }

  /** Clears the flags of a record's header. */
  commit(position: number): void {
    const at = position % this.#size;
    this.#data.setUint32(at, this.#data.getUint32(at, true) & ~BUSY, true);
  }

  /** How many lines the kernel has of it among the mappings of this process. */
  get mappings(): number {
    return readFileSync("/proc/self/maps", "latin1").split(`${this.path}\n`).length - 1;
  }

  glance(): string[] {
    const read: string[] = [];
    this.reader.glance((offset, length) => read.push(this.reader.bytes.toString("utf8", offset, offset + length)));
    return read;
  }

  drain(limit?: number): string[] {
    const read: string[] = [];
    this.reader.drain((offset, length) => {
      read.push(this.reader.bytes.toString("latin1", offset, offset + length));
    }, limit);
    return read;
  }
}

const bytes = (text: string) => Buffer.from(text, "latin1");

describe("a ring buffer", () => {
  test("returns records in order, and once", () => {
    const ring = new FakeRing(PAGE);
    expect(ring.drain()).toEqual([]);
    ring.put(bytes("one"));
    ring.put(bytes("two, longer"));
    expect(ring.drain()).toEqual(["one", "two, longer"]);
    expect(ring.drain()).toEqual([]);
    expect(ring.consumer[0]).toBe(ring.producer[0]);
  });

  test("reads a record past the end of the data", () => {
    const ring = new FakeRing(PAGE, PAGE - 16);
    ring.put(bytes("begins before the end and goes on after it"));
    expect(ring.drain()).toEqual(["begins before the end and goes on after it"]);
  });

  test("reads past the end as far as the beginning is mapped again, and refuses a longer record", () => {
    const ring = new FakeRing(4 * PAGE, 4 * PAGE - 16, PAGE);
    const fits = Buffer.alloc(PAGE + 8, "x");
    ring.put(fits);
    expect(ring.drain()).toEqual([fits.toString()]);
    const other = new FakeRing(4 * PAGE, 4 * PAGE - 16, PAGE);
    other.put(Buffer.alloc(PAGE + 9, "x"));
    expect(() => other.drain()).toThrow(/is impossible in a ring/);
  });

  test("wraps around many times", () => {
    const ring = new FakeRing(PAGE);
    const words = Array.from({ length: 2000 }, (_, index) => `record ${index} ${"x".repeat(index % 97)}`);
    const read = words.flatMap((word) => {
      ring.put(bytes(word));
      return ring.drain();
    });
    expect(read).toEqual(words);
    expect(Number(ring.consumer[0])).toBeGreaterThan(20 * PAGE);
  });

  test("waits at a record that is still being filled, and goes on with it", () => {
    const ring = new FakeRing(PAGE);
    ring.put(bytes("first"));
    const busy = ring.put(bytes("being filled"), BUSY);
    ring.put(bytes("after it"));
    expect(ring.drain()).toEqual(["first"]);
    expect(Number(ring.consumer[0])).toBe(busy);
    ring.commit(busy);
    expect(ring.drain()).toEqual(["being filled", "after it"]);
  });

  test("has more only once a record is committed: the reader is not woken for one that is being filled", () => {
    const ring = new FakeRing(PAGE);
    expect(ring.reader.hasMore).toBe(false);
    const busy = ring.put(bytes("being filled"), BUSY);
    expect(ring.reader.hasMore).toBe(false);
    ring.commit(busy);
    expect(ring.reader.hasMore).toBe(true);
    ring.drain();
    expect(ring.reader.hasMore).toBe(false);
  });

  test("skips discarded records", () => {
    const ring = new FakeRing(PAGE);
    ring.put(bytes("given up"), DISCARDED);
    ring.put(bytes("kept"));
    expect(ring.drain()).toEqual(["kept"]);
  });

  test("stops at the limit, and goes on where it stopped", () => {
    const ring = new FakeRing(PAGE);
    for (const word of ["a", "b", "c"]) ring.put(bytes(word));
    expect(ring.drain(2)).toEqual(["a", "b"]);
    expect(ring.drain(2)).toEqual(["c"]);
  });

  test("peeks at each record once, up to one that is still being filled, and returns it later all the same", () => {
    const ring = new FakeRing(PAGE);
    ring.put(bytes("a"));
    ring.put(bytes("given up"), DISCARDED);
    const busy = ring.put(bytes("b"), BUSY);
    ring.put(bytes("c"));
    expect(ring.glance()).toEqual(["a"]);
    expect(ring.glance()).toEqual([]);
    expect(ring.consumer[0]).toBe(0n);
    ring.commit(busy);
    expect(ring.drain(1)).toEqual(["a"]);
    expect(ring.glance()).toEqual(["b", "c"]);
    expect(ring.drain()).toEqual(["b", "c"]);
    ring.put(bytes("d"));
    expect(ring.drain()).toEqual(["d"]);
    expect(ring.glance()).toEqual([]);
  });

  test("frees a record only after it was read", () => {
    const ring = new FakeRing(PAGE);
    const first = ring.put(bytes("a"));
    ring.put(bytes("b"));
    const positions: bigint[] = [];
    ring.reader.drain(() => positions.push(ring.consumer[0] as bigint));
    expect(positions).toEqual([BigInt(first), BigInt(first + 16)]);
  });

  test("gives its memory back when it is closed, and refuses every later use instead of touching it", () => {
    const ring = new FakeRing(PAGE);
    ring.put(bytes("unread"));
    const before = [ring.reader.bytes.length, ring.mappings];
    ring.reader.close();
    // The positions and the data that the writer has.
    expect([...before, ring.mappings]).toEqual([2 * PAGE, 6, 2]);
    for (const use of [
      () => ring.drain(),
      () => ring.glance(),
      () => ring.reader.hasMore,
      () => ring.reader.bytes.readUInt8(0),
    ])
      expect(use).toThrow(/read after it had been closed/);
    ring.reader.close();
    expect(ring.mappings).toBe(2);
  });

  test("that is closed while a record of it is read is read no further", () => {
    const ring = new FakeRing(PAGE);
    ring.put(bytes("one"));
    ring.put(bytes("two"));
    const read: number[] = [];
    const drain = () =>
      ring.reader.drain((offset) => {
        read.push(offset);
        ring.reader.close();
      });
    expect(drain).toThrow(/read after it had been closed/);
    expect(read).toEqual([8]);
  });

  test.each([
    ["longer than the ring", PAGE],
    ["longer than what was reserved", 64],
  ])("refuses a record that says it is %s", (_, length) => {
    const ring = new FakeRing(PAGE);
    ring.put(bytes("short"), 0, length);
    expect(() => ring.drain()).toThrow(/is impossible in a ring/);
  });
});
