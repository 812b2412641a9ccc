import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Glob } from "./glob.ts";

const matched = (pattern: string, path: string) => path.slice(0, Glob.of(pattern).match(path));

describe("the part of a path that a pattern matches", () => {
  test.each([
    ["/srv/data", "/srv/data", "/srv/data"],
    ["/srv/data", "/srv/data/a/b", "/srv/data"],
    ["/srv/data", "/srv/database", ""],
    ["/srv/data", "/srv", ""],
    ["/srv/*", "/srv/data/a", "/srv/data"],
    ["/srv/*.db", "/srv/a.db", "/srv/a.db"],
    ["/srv/*.db", "/srv/a/b.db", ""],
    ["/opt/app-*", "/opt/app-1.2.3/bin/x", "/opt/app-1.2.3"],
    ["/srv/**", "/srv/a/b/c", "/srv/a/b/c"],
    ["/srv/**", "/srv", ""],
    ["/srv/**/log", "/srv/log", "/srv/log"],
    ["/srv/**/log", "/srv/a/b/log", "/srv/a/b/log"],
    ["/srv/**/log", "/srv/log/a/log/b", "/srv/log/a/log"],
    ["/srv/**/log", "/srv/a/logs", ""],
    ["/srv/?", "/srv/a", "/srv/a"],
    ["/srv/?", "/srv/ab", ""],
    ["/srv/?x", "/srv/\\x20x", "/srv/\\x20x"],
    ["/srv/*x20", "/srv/\\x20", ""],
    ["/srv/a?c", "/srv/a😀c", "/srv/a😀c"],
    ["/srv/*a*b", "/srv/aaab", "/srv/aaab"],
    ["/srv/{a,b}", "/srv/a", ""],
    ["/srv/{a,b}", "/srv/{a,b}", "/srv/{a,b}"],
    ["$CWD/build/*", "$CWD/build/x/y", "$CWD/build/x"],
    ["$CWD/build", "/build", ""],
    ["$HOME", "$HOME/.npmrc", "$HOME"],
    ["$TMP/{gcc#*}.s", "$TMP/{gcc#1}.s", "$TMP/{gcc#1}.s"],
  ])("%s on %s: %j", (pattern, path, expected) => {
    expect(matched(pattern, path)).toBe(expected);
  });
});

test.each([
  "relative/path",
  "*",
  "**",
  "/",
  "/**",
  "/*",
  "/?/a",
  "$*/a",
  "/a//b",
  "/a/",
  "/a/../b",
  "/a/./b",
  "/a/b**",
  "/a b",
  `/${"a".repeat(1024)}`,
  "/a".repeat(64),
])("%j is not a pattern", (text) => {
  expect(Glob.parse(text)).toHaveProperty("problem");
  expect(() => Glob.of(text)).toThrow(expect.objectContaining({ code: "bad-policy" }));
});

test("a pattern without wildcards matches exactly its own components", () => {
  const name = fc.stringMatching(/^[a-z]{1,3}$/);
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.array(name, { maxLength: 6 }), (pattern, path) => {
      const expected = pattern.every((part, index) => part === path[index]) ? pattern.length : 0;
      const text = path.map((part) => `/${part}`).join("");
      const matching = matched(`/${pattern.join("/")}`, text);
      expect(matching).toBe(
        path
          .slice(0, expected)
          .map((part) => `/${part}`)
          .join(""),
      );
    }),
  );
});

test("it agrees with the obvious regular expression", () => {
  const part = fc.constantFrom("a", "b", "ab", "*", "**", "a*", "*b", "?", "a?");
  const name = fc.constantFrom("a", "b", "ab", "aab", "abb", "c");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), fc.array(name, { maxLength: 6 }), (pattern, path) => {
      const text = `/r${path.map((component) => `/${component}`).join("")}`;
      const source = pattern.map((component, index) => {
        if (component !== "**") return `/${component.replaceAll("*", "[^/]*").replaceAll("?", "[^/]")}`;
        return index === pattern.length - 1 ? "(?:/[^/]+)+" : "(?:/[^/]+)*";
      });
      const longest = new RegExp(`^/r${source.join("")}(?=/|$)`).exec(text);
      const candidates = [...text.matchAll(/(?=\/|$)/g)].map(({ index }) => text.slice(0, index));
      const whole = new RegExp(`^/r${source.join("")}$`);
      const best = candidates.filter((candidate) => whole.test(candidate)).at(-1) ?? "";
      expect(matched(["/r", ...pattern].join("/"), text)).toBe(best);
      expect(longest !== null).toBe(best !== "");
    }),
    { numRuns: 2000 },
  );
});

test("matching hostile paths against hostile patterns terminates", () => {
  const glob = Glob.of(`/a/${Array.from({ length: 30 }, () => "**/*a*a*a*b").join("/")}`);
  expect(glob.match("/a".repeat(2048))).toBe(0);
  expect(Glob.of(`/x/${"*a".repeat(500)}b`).match(`/x/${"a".repeat(1000)}`)).toBe(0);
});
