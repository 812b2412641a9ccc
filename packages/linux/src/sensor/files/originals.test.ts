/** Recognising copies of large files by comparing them. */
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileVersion } from "./knowledge.ts";
import { Originals } from "./originals.ts";

const size = 2 ** 20 + 77;
const content = Buffer.alloc(size, "isoline");
let place = "";
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-originals-"));
  writeFileSync(join(place, "original"), content);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** The digest of a file, if the original is kept as "d". */
function recognised(bytes: Buffer, claimed = bytes.length): string | undefined {
  const path = join(place, "copy");
  writeFileSync(path, bytes);
  const original = openSync(join(place, "original"), "r");
  const copy = openSync(path, "r");
  const originals = new Originals();
  originals.keep(original, size, "d");
  const found = originals.sameAs(copy, claimed)?.digest;
  originals.close();
  closeSync(original);
  closeSync(copy);
  return found;
}

test("a copy is recognised", () => {
  expect(recognised(content)).toBe("d");
});

test.each([0, 77, 2 ** 18, size - 1])("one that differs in byte %i is not", (at) => {
  const other = Buffer.from(content);
  other[at] = (other[at] as number) ^ 1;
  expect(recognised(other)).toBeUndefined();
});

test("nor is one that is shorter, longer, or not as long as it was said to be", () => {
  expect(recognised(content.subarray(1))).toBeUndefined();
  expect(recognised(Buffer.concat([content, Buffer.of(0)]), size)).toBeUndefined();
  expect(recognised(content.subarray(0, size - 9), size)).toBeUndefined();
});

test("a small file is not kept", () => {
  const originals = new Originals();
  const fd = openSync(join(place, "original"), "r");
  originals.keep(fd, 4096, "d");
  expect(originals.sameAs(fd, 4096)).toBeUndefined();
  closeSync(fd);
});

test("a file has another version when its content has changed, and none if the version could be forged", () => {
  const path = join(place, "versioned");
  writeFileSync(path, "a");
  const before = fileVersion(path);
  appendFileSync(path, "b");
  expect(before === undefined || fileVersion(path) !== before).toBe(true);
  expect(fileVersion("/proc/self/maps")).toBeUndefined();
  expect(fileVersion(join(place, "none"))).toBeUndefined();
});
