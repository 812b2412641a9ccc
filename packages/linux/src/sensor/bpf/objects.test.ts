import { expect, test } from "vitest";
import { isByHandle } from "./objects.ts";
import { type SeenObject, standings } from "./record.ts";

const { here, placeless } = standings;
const EXT4 = 0xef53;
/** Of the kernel's namespaces. */
const NSFS = 0x6e736673;

test.each([
  ["//", placeless, EXT4, true],
  ["//entry", placeless, EXT4, true],
  ["//", placeless, NSFS, false],
  ["/", here, EXT4, false],
  ["/memfd:/", placeless, 0x01021994, false],
  ["/anon_hugepage", placeless, 0x958458f6, false],
])("%s of standing %i on %i is reached by a handle: %s", (path, standing, magic, is) => {
  expect(isByHandle({ path: Buffer.from(path), standing, magic } as SeenObject)).toBe(is);
});
