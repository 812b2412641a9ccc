/** docs/spec/tee.md is made from the tables that read reports: `npx vitest run test/attest/tee/page.test.ts -u` writes it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Layout } from "../../../packages/attest/src/tee/layout.ts";
import { snpReportLayout } from "../../../packages/attest/src/tee/snp-report.ts";
import {
  enclaveReportLayout,
  quoteHeaderLayout,
  td10Layout,
  td15Layout,
} from "../../../packages/attest/src/tee/tdx-quote.ts";

const MARK = "<!-- Tables: made by `npx vitest run test/attest/tee/page.test.ts -u` from packages/attest/src/tee. -->";
const PAGE = new URL("../../../docs/spec/tee.md", import.meta.url);

function tableOf({ name, source, size, fields }: Layout): string {
  const rows = fields.map(
    (field) => `| 0x${field.offset.toString(16)} | ${field.size} | \`${field.name}\` | ${field.meaning} |`,
  );
  const head = ["| offset | bytes | field | meaning |", "| --- | --- | --- | --- |"];
  return [`### ${name}`, "", `${size} bytes. Source: ${source}.`, "", ...head, ...rows, ""].join("\n");
}

const layouts = [snpReportLayout, quoteHeaderLayout, td10Layout, td15Layout, enclaveReportLayout];

describe("the page of reports", () => {
  it("says what the tables say, below what people wrote", async () => {
    const written = readFileSync(PAGE, "utf8").split(MARK)[0] as string;
    await expect(`${written}${MARK}\n\n${layouts.map(tableOf).join("\n")}`).toMatchFileSnapshot(PAGE.pathname);
  });

  it.each(layouts)("has each byte of $name at most once", ({ size, fields }) => {
    const ends = fields.map(({ offset, size: length }) => offset + length);
    expect(fields.every(({ offset }, index) => index === 0 || offset >= (ends[index - 1] as number))).toBe(true);
    expect(ends.at(-1)).toBe(size);
  });
});
