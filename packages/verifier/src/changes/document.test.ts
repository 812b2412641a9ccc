import { expect, it } from "vitest";
import type { ChangeRow } from "../store/index.ts";
import { changeDocument } from "./document.ts";

const row: ChangeRow = {
  ...{ id: 7, at: new Date(0), tenant: "acme", node: "node-1", label: null, counters: null },
  ...{ before: "affirming", after: "contraindicated", failure: "off-contour", why: null },
};
const whyOf = (why: string) => changeDocument({ ...row, why }).why;

it("a reason has 300 letters at most, and none that ends a line or writes to a terminal", () => {
  expect(whyOf("`sh` opened /etc/shadow")).toBe("`sh` opened /etc/shadow");
  expect(whyOf("one\nt\u{1b}[2Jwo\u{202e}")).toBe("one?t?[2Jwo?");
  expect(whyOf("a".repeat(300))).toBe("a".repeat(300));
  expect(whyOf("a".repeat(301))).toBe(`${"a".repeat(299)}…`);
  expect(whyOf(`${"a".repeat(298)}\u{1f600}bc`)).toBe(`${"a".repeat(298)}?…`);
});
