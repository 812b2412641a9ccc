/** The content of a file that is read through its descriptor. */
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, utimesSync, writeFileSync } from "node:fs";
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
  return withPath(path, (found) => use(path, found));
}

function withPath<T>(path: string, use: (found: Found) => T): T {
  const found = new Found();
  found.adopt(openSync(path, "r"), undefined);
  try {
    return use(found);
  } finally {
    found.close();
  }
}

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

/** Waits until a later change is certain to get another time. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 60));

test("has the digest of its content", async () => {
  writeFileSync(join(place, "settled"), "text");
  await pause();
  withPath(join(place, "settled"), (found) => {
    expect(new FileKnowledge(() => {}).contentOf(found)).toEqual({ digest: digestOf("text") });
  });
});

test("that changed within the same clock tick may change again, so it is read again the next time", () => {
  withFile("text", (path, found) => {
    const files = new FileKnowledge(() => {});
    const now = new Date();
    expect(files.contentOf(found)).toEqual({ digest: digestOf("text"), passing: true });
    expect(files.writersOf(found)).toBe("unknown");
    writeFileSync(path, "test");
    utimesSync(path, now, now);
    expect(files.contentOf(found).digest ?? files.contentOf(found).remark?.what).not.toBe(digestOf("text"));
  });
});

test("that is open for writing is marked as written if it is executed, and is read again the next time", async () => {
  const path = join(place, "open");
  writeFileSync(path, "text");
  const writer = openSync(path, "r+");
  await pause();
  withPath(path, (found) => {
    const files = new FileKnowledge(() => {});
    const content = { digest: digestOf("text"), passing: true };
    expect(files.contentOf(found)).toEqual({ ...content, remark: { what: "written", path } });
    expect(files.contentOf(found, undefined, "read")).toEqual(content);
    expect(files.writersOf(found)).toBe("some");
    closeSync(writer);
    expect(files.writersOf(found)).toBe("none");
    expect(files.contentOf(found)).toEqual({ digest: digestOf("text") });
  });
});

test("is not identified by a version once the namespace sets the clock", async () => {
  writeFileSync(join(place, "timed"), "text");
  await pause();
  withPath(join(place, "timed"), (found) => {
    const files = new FileKnowledge(() => {});
    expect(files.contentOf(found).passing).toBeUndefined();
    files.noteClock();
    expect(files.contentOf(found).passing).toBe(true);
    expect(files.versionsTell).toBe(false);
  });
});

test("that grows while it is read has no digest, and is marked as changed", () => {
  withFile("text", (path, found) => {
    const files = new FileKnowledge(() => appendFileSync(path, "more"));
    expect(files.contentOf(found)).toEqual({ remark: { what: "changed", path } });
    expect(files.digestOf(found, "sha384")).toBeUndefined();
  });
});

test("that the kernel generates has no content, and no remark", () => {
  const found = new Found();
  found.adopt(openSync("/proc/self/status", "r"), undefined);
  expect(new FileKnowledge(() => {}).contentOf(found)).toEqual({});
  found.close();
});
