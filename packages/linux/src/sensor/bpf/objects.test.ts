import { expect, test } from "vitest";
import { isByHandle } from "./objects.ts";
import { type SeenObject, standings } from "./record.ts";

const { here, placeless } = standings;

test.each([
  ["//", placeless, true],
  ["//entry", placeless, true],
  ["/", here, false],
  ["/memfd:/", placeless, false],
  ["/anon_hugepage", placeless, false],
])("%s of standing %i is reached by a handle: %s", (path, standing, is) => {
  expect(isByHandle({ path: Buffer.from(path), standing } as SeenObject)).toBe(is);
});
