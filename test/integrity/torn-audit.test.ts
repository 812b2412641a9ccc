/** A file of audit records whose last line has no end: what is written then can be read, and what was lost is told. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { unescapeToBytes } from "../../packages/core/src/event/escape.ts";
import { policyLoaded } from "../../packages/isoline/src/integrity/audit/records.ts";
import { AuditWriter } from "../../packages/isoline/src/integrity/audit/writer.ts";

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-torn-audit-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

function linesAfterWriting(file: string): readonly string[] {
  const writer = new AuditWriter(file);
  writer.write(policyLoaded());
  writer.close();
  const text = readFileSync(file, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text.split("\n").slice(0, -1);
}

/** A file whose last line lacks its last bytes. */
function tornFile(
  name: string,
  missing: number,
): { readonly file: string; readonly torn: Buffer; readonly first: string } {
  const file = join(place, name);
  const [first = ""] = linesAfterWriting(file);
  linesAfterWriting(file);
  const whole = readFileSync(file);
  const cut = whole.subarray(0, whole.length - missing);
  writeFileSync(file, cut);
  return { file, torn: cut.subarray(cut.lastIndexOf(10) + 1), first };
}

it("in JSON: every line can be parsed, and one says what the torn one held", () => {
  const { file, torn, first } = tornFile("torn.jsonl", 40);
  const [unchanged, told = "", next = "", ...more] = linesAfterWriting(file);
  expect({ unchanged, more }).toEqual({ unchanged: first, more: [] });
  const record = JSON.parse(told) as Record<string, string>;
  expect(record).toMatchObject({
    AUDIT_TYPE_NAME: "INTEGRITY_STATUS",
    AUDIT_FIELD_CAUSE: "torn_record",
    PRIORITY: "4",
  });
  expect(unescapeToBytes(record["AUDIT_FIELD_TORN"] ?? "")).toEqual(torn);
  expect(JSON.parse(next)).toMatchObject({ AUDIT_FIELD_OP: "policy_update" });
});

it.each([1, 40, 1000])("as auditd writes them, %i bytes before its end", (missing) => {
  const { file } = tornFile(`torn-${missing}.log`, 0);
  const whole = readFileSync(file);
  const cut = whole.subarray(0, Math.max(whole.indexOf(10) + 2, whole.length - missing));
  writeFileSync(file, cut);
  const [, told, next, ...more] = linesAfterWriting(file);
  expect(more).toEqual([]);
  const torn = cut.subarray(cut.lastIndexOf(10) + 1).toString("latin1");
  const held = /[ "]/.test(torn) ? Buffer.from(torn, "latin1").toString("hex").toUpperCase() : `"${torn}"`;
  expect(told).toMatch(
    /^type=INTEGRITY_STATUS msg=audit\(\d+\.\d{3}:1\): pid=\d+ uid=\d+ op=audit_resume cause=torn_record /,
  );
  expect(told).toContain(` torn=${held} res=0 errno=0`);
  expect(next).toMatch(/op=policy_update/);
});

it("of a file that is whole nothing is changed, and its mode is kept", () => {
  const file = join(place, "whole.log");
  linesAfterWriting(file);
  chmodSync(file, 0o640);
  const before = readFileSync(file, "utf8");
  expect(linesAfterWriting(file)).toHaveLength(2);
  expect(readFileSync(file, "utf8").startsWith(before)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o640);
});

it("a file of something else than audit records is refused, and stays as it was", () => {
  const file = join(place, "other");
  const content = `first\n${"x".repeat(70_000)}`;
  writeFileSync(file, content);
  expect(() => new AuditWriter(file)).toThrow(
    /expected audit records, a line each, got 70006 bytes .*; name another file/,
  );
  expect(readFileSync(file, "utf8")).toBe(content);
});
