import { expect, test } from "vitest";
import { contentAddress, fanDepth } from "./content-address.ts";

const hex = (length: number) => "3f9a0b".repeat(22).slice(0, length);

test.each([
  [hex(38), "$hash"],
  [hex(40), "$hash"],
  [hex(62), "$hash"],
  [hex(64), "$hash"],
  [hex(124), "$hash"],
  [`pack-${hex(40)}.pack`, "pack-$hash.pack"],
  [`pack-${hex(40)}.idx`, "pack-$hash.idx"],
  [`pack-${hex(64)}.rev`, "pack-$hash.rev"],
  [`${hex(64)}-d`, "$hash-d"],
  [`${hex(64)}.tar.gz`, "$hash.tar.gz"],
  [hex(29), undefined],
  [hex(129), undefined],
  ["a".repeat(40), undefined],
  ["1".repeat(40), undefined],
  [hex(40).toUpperCase(), undefined],
  [`Pack-${hex(40)}`, undefined],
  [`${hex(40)}.1`, undefined],
  ["index.html", undefined],
])("%s → %s", (name, expected) => {
  expect(contentAddress(name)).toBe(expected);
});

test.each([
  ["objects/3f", 1],
  [".git/objects/3f", 1],
  ["content-v2/sha512/ab/cd", 2],
  ["index-v5/ab/cd", 2],
  ["pip/http-v2/a/b/c/d/e", 5],
  ["go-build/ab", 1],
  ["objects", 0],
  ["objects/pack", 0],
  ["objects/3F", 0],
  ["locale/de", 0],
  ["objects/de/fa/xx", 0],
  ["objects/a/b/c/d/e/f", 0],
  ["ab", 0],
  ["", 0],
])("%s ends in %i directories of a fan-out", (directories, fans) => {
  expect(fanDepth(directories.split("/"))).toBe(fans);
});
