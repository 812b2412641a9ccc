/** The content of a file that is looked at by its descriptor. */
import { appendFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileKnowledge } from "./knowledge.ts";
import { Found } from "./found.ts";

let place = "";
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-files-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

function withFile<T>(content: string, use: (path: string, found: Found) => T): T {
  const path = join(place, "file");
  writeFileSync(path, content);
  const found = new Found();
  found.adopt(openSync(path, "r"), undefined);
  try {
    return use(path, found);
  } finally {
    found.close();
  }
}

test("has the digest of what is in it", () => {
  withFile("text", (_, found) => {
    const digest = createHash("sha256").update("text").digest("hex");
    expect(new FileKnowledge(() => {}).contentOf(found)).toEqual({ digest });
  });
});

test("that grows as long as it is read has none, and is said to have changed", () => {
  withFile("text", (path, found) => {
    const files = new FileKnowledge(() => appendFileSync(path, "more"));
    expect(files.contentOf(found)).toEqual({ remark: { what: "changed", path } });
    expect(files.digestOf(found, "sha384")).toBeUndefined();
  });
});

test("of which nobody stores the content has none, and nothing is said of it", () => {
  const found = new Found();
  found.adopt(openSync("/proc/self/status", "r"), undefined);
  expect(new FileKnowledge(() => {}).contentOf(found)).toEqual({});
  found.close();
});
