import { describe, expect, test } from "vitest";
import { escapeBytes } from "../../event/escape.ts";
import { boundedRuns, levelledName, parseRun } from "./called.ts";

const levelled = (name: string, file = "prog") => levelledName(escapeBytes(Buffer.from(name)), file);

describe("a name that a program was called by", () => {
  test.each([
    ["prog", undefined],
    ["-prog", undefined],
    ["-bash", "bash"],
    ["cat", "cat"],
    ["[", "["],
    ["sha256sum", "sha256sum"],
    ["x86_64-linux-gnu-gcc-14", "x86_64-linux-gnu-gcc-14"],
    ["python3.13", "python3.13"],
    ["worker-48213", "worker-$n"],
    ["48213", "$n"],
    ["postgres: ann [local] idle", "postgres$title"],
    ["sshd: ann@notty", "sshd$title"],
    ["a\nb", "a$title"],
    ["\u202eevil", "$title"],
    ["x".repeat(65), `${"x".repeat(64)}$title`],
    ["tmp9f8a2c1d7b", "$random"],
  ])("%j", (name, expected) => {
    expect(levelled(name)).toBe(expected);
  });

  test("is the same for any title of one program, and differs between programs", () => {
    expect(levelled("postgres: ann")).toBe(levelled("postgres: bob idle"));
    expect(levelled("postgres: ann")).not.toBe(levelled("sshd: ann"));
  });

  test("a token is left unchanged", () => {
    expect(levelledName("$nothing", "prog")).toBe("$nothing");
  });
});

test("of too many entries the first and the last are kept, with the number of those between", () => {
  const many = Array.from({ length: 100 }, (_, at) => `/lib/${at}.jar@?`);
  expect(boundedRuns(many.slice(0, 32))).toEqual(many.slice(0, 32));
  expect(boundedRuns(many)).toEqual([...many.slice(0, 30), "?too-many:69@-", "/lib/99.jar@?"]);
  const long = Array.from({ length: 3 }, (_, at) => `/${String(at).repeat(15_000)}@?`);
  expect(boundedRuns(long)).toEqual([long[0], "?too-many:1@-", long[2]]);
});

test("an entry of what runs: the last @ separates", () => {
  const digest = "ab".repeat(32);
  expect(parseRun(`/a@b@${digest}`)).toEqual({ kind: "file", what: "/a@b", digest });
  expect(parseRun("/a@?")).toEqual({ kind: "file", what: "/a", digest: "?" });
  expect(parseRun(`text@${digest}`)).toEqual({ kind: "text", what: "text", digest });
  expect(parseRun("module:x@y@-")).toEqual({ kind: "name", what: "module:x@y", digest: "-" });
});
