import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { elfLoader, HEAD, interpreterIn } from "./loader.ts";

/** A program that prints its arguments, and its path in a `#!` line. */
const ECHO = "/bin/echo";

describe("an ELF file of 32 bits", () => {
  it.each([
    ["for this machine is itself what runs", 62, true],
    ["for its predecessor may be run by another program", 3, false],
  ])("%s", (_, machine, isLoaded) => {
    const head = Buffer.alloc(HEAD);
    head.write("\x7fELF\x01\x01", "latin1");
    head.writeUInt16LE(machine, 18);
    expect(elfLoader(head, () => undefined)).toEqual({ kind: "unknown", reason: "?foreign-elf", isLoaded });
  });
});

describe("the interpreter and its argument", () => {
  let place = "";
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), "isoline-first-line-"));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it.each([
    ["a line of its own", `#!${ECHO} one two \n`],
    ["no newline at the end of the file", `#!${ECHO}\t-n x`],
    ["no argument", `#! ${ECHO}\n`],
    ["a NUL in the argument", `#!${ECHO} one\0two\n`],
    ["a line that ends with the buffer", `#!${ECHO} ${"a".repeat(HEAD - ECHO.length - 4)}\n`],
    ["a line that is one longer", `#!${ECHO} ${"a".repeat(HEAD - ECHO.length - 3)}\n`],
    ["a line that is cut", `#!${ECHO} ${"ab".repeat(400)}\n`],
    ["a path that is cut", `#!/bin/${"./".repeat(200)}echo x\n`],
    ["blanks alone", `#!${" ".repeat(300)}${ECHO}\n`],
  ])("are those that the kernel takes: %s", (_, text) => {
    const script = join(place, "script");
    writeFileSync(script, text, { mode: 0o755 });
    const { stdout } = spawnSync(script, { encoding: "utf8" });
    const found = interpreterIn(Buffer.from(text).subarray(0, HEAD));
    const words =
      found === undefined ? [] : [...(found.argument === undefined ? [] : [String(found.argument)]), script];
    const printed = found === undefined ? "" : spawnSync(String(found.path), words, { encoding: "utf8" }).stdout;
    // What the kernel does not take, execvp gives to a shell, which finds a comment.
    expect(stdout).toBe(printed);
  });
});
