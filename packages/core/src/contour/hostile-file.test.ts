import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contourOf, openAct, textOf } from "../../../../test/arbitrary/contour.ts";
import { sha256 } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { credentialIds } from "../event/soundness.ts";
import { iso1 } from "../profile/iso1.ts";
import { quixote } from "../profile/quixote.ts";
import type { Contour } from "./contour.ts";
import { parseContour } from "./read.ts";

const POLICY = JSON.stringify({ lens: "default", pseudonyms: [{ as: "CACHE" }, { as: "DATA" }], reaction: "log" });

const contour = contourOf(
  [
    { chain: ["/bin/sh"], acts: [openAct("/etc/passwd"), openAct("/etc/group", "content")] },
    { chain: ["/bin/sh", "/usr/bin/node"], acts: [openAct("$HOME/.npmrc"), openAct("/ä")] },
    { chain: ["/bin/sh", "/usr/bin/npm"], acts: [] },
    { chain: [], acts: ["chroot path=/"] },
  ],
  POLICY,
);
contour.flag("lost notifications");
const text = textOf(contour);
const bytes = Buffer.from(text);

/** The contour, or the message of the one refusal there is; any other error fails the test. */
function read(input: Uint8Array): Contour | string {
  try {
    return parseContour(input, { profile: iso1 });
  } catch (error) {
    if (error instanceof IsolineError && error.code === "bad-contour") return error.message;
    throw error;
  }
}

function refusal(input: Uint8Array | string): string {
  const message = read(Buffer.from(input));
  return typeof message === "string" ? message : `accepted: ${Buffer.from(input).toString()}`;
}

const LINE = /^contour file, line \d+: expected .*, got .*; .*$/s;

const changed = (change: (lines: string[]) => string[]) => `${change(text.split("\n").slice(0, -1)).join("\n")}\n`;
const replaced = (from: string | RegExp, to: string) => changed((lines) => lines.map((line) => line.replace(from, to)));
const at = (lines: readonly string[], start: string) => lines.findIndex((line) => line.startsWith(start));
const points = (of: Contour) => Array.from({ length: of.size }, (_, index) => of.point(index)).sort();

test("the file itself is accepted", () => {
  expect(parseContour(bytes, { profile: iso1 }).size).toBe(5);
});

test("truncated at every length", () => {
  for (let length = 0; length < bytes.length; length++) expect(refusal(bytes.subarray(0, length))).toMatch(LINE);
});

/** Lines that no digest vouches for. Review shows a change in one, and a signature excludes it. */
const isUnvouched = (line: string) => /^(policy|incomplete) /.test(line);

test("a bit flipped anywhere: refused, unless it is in a rule or a remark, and never another point", () => {
  const accepted = new Set<string>();
  for (let bit = 0; bit < bytes.length * 8; bit += 3) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    const result = read(flipped);
    expect(typeof result === "string" ? LINE.test(result) : points(result).join() === points(contour).join()).toBe(
      true,
    );
    const before = bytes.toString("latin1", 0, bit >> 3).lastIndexOf("\n") + 1;
    if (typeof result !== "string") accepted.add(bytes.toString("utf8", before, bytes.indexOf("\n", before)));
  }
  expect([...accepted].filter((line) => !isUnvouched(line))).toEqual([]);
});

test("every line missing: refused, or it is a line that means something by itself", () => {
  const lines = text.split("\n").slice(0, -1);
  const needed = /^(isoline|profile|task (?!npm)|credentials|by|end)/;
  const missed = lines.filter((_, place) => {
    const result = read(Buffer.from(changed((all) => all.toSpliced(place, 1))));
    return typeof result === "string";
  });
  expect(missed).toEqual(lines.filter((line) => needed.test(line)));
});

test("any bytes at all", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
      expect(refusal(input)).toMatch(LINE);
    }),
  );
});

test("any bytes put in, or any piece cut out: never a point that was not there", () => {
  const known = new Set<string>(points(contour));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(200), fc.uint8Array({ maxLength: 20 }), (start, cut, put) => {
      const result = read(Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + cut)]));
      expect(typeof result === "string" || points(result).every((point) => known.has(point))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

describe("what does not follow is refused:", () => {
  test.each<[string, Buffer | string, RegExp]>([
    [
      "another path under the same point",
      replaced("path=/etc/passwd", "path=/etc/passwe"),
      /expected the point [0-9a-f]{64}, which the event gives/,
    ],
    [
      "a point under another task",
      replaced(/^by node\S+/, `by ${/^task (sh~\w+)/m.exec(text)?.[1]}`),
      /expected the point [0-9a-f]{64}, which the event gives/,
    ],
    ["another program in a task", replaced("/usr/bin/node@", "/usr/bin/nodf@"), /expected a task whose id follows/],
    ["another credential", replaced(/^(credentials .*) fsgid=user/, "$1 fsgid=0"), /expected a handle of "user"/],
    ["a handle of another name", replaced(/^task sh~/, "task bash~"), /expected a handle of "sh"/],
    ["a handle that is too short", replaced(/^(task npm~\w{7})\w/, "$1"), /expected a handle of "npm"/],
    [
      "other credentials behind a handle",
      replaced(/(by .* as )user~/, "$1uid0~"),
      /with handles from the tables above/,
    ],
    ["an act in another spelling", replaced("mode=0100644", "mode=00100644"), /expected an event of the profile iso1/],
    ["an unescaped character", replaced("path=/etc/passwd", "path=/etc/\u202epasswd"), /not escaped the canonical way/],
    ["a base that is no digest", replaced(/^profile.*/, "$&\nbase 1"), /"base" and 64 lower-case/],
    ["two bases", replaced(/^profile.*/, `$&\nbase ${"1".repeat(64)}\nbase ${"2".repeat(64)}`), /one base, not two/],
    ["a policy in another spelling", replaced('policy lens "', 'policy lens  "'), /in the spelling of JSON.stringify/],
    ["a policy without a value", replaced('policy lens "default"', "policy lens"), /policy KEY JSON/],
    ["a policy key in two spellings", replaced("policy lens", 'policy "lens"'), /in the spelling/],
    ["two values of one key", replaced(/^policy lens.*/, '$&\npolicy lens "exact"'), /one value of lens, not two/],
    ["a value and a list", replaced(/^policy pseudonyms.*/, "$&\npolicy pseudonyms 1"), /one value of pseudonyms/],
    ["a list on one line", replaced(/^policy lens.*/, '$&\npolicy other ["a"]'), /a line for each element of other/],
    ["a reason that is not escaped", replaced("incomplete lost", "incomplete lost\u0007"), /escaped text/],
    ["something after the end", Buffer.concat([bytes, Buffer.from("more\n")]), /nothing after the last line/],
    ["an empty line after the end", Buffer.concat([bytes, Buffer.from("\n")]), /nothing after the last line/],
    ["no newline at the end", bytes.subarray(0, -1), /a newline at the end/],
    ["a line of no kind", replaced(/^end$/, "runs 3\nend"), /a line of a contour, and "end" as the last/],
    ["a byte order mark", `\ufeff${text}`, /line 1: expected "isoline contour 2"/],
    ["carriage returns", text.replaceAll("\n", "\r\n"), /line 1: .*carriage return.*autocrlf/],
    [
      "version 3",
      replaced("isoline contour 2", "isoline contour 3"),
      /line 1: expected version 2, got "3"; use the isoline/,
    ],
    [
      "an unknown profile",
      replaced("profile iso1", "profile iso2"),
      /line 2: expected profile iso1, quixote or iso2017/,
    ],
    ["bytes that are not UTF-8", Buffer.from(text.replace("/ä", "/\u00e4"), "latin1"), /expected UTF-8/],
    ["an orphan task", changed((lines) => lines.toSpliced(at(lines, "task sh"), 1)), /a parent that has a line above/],
    [
      "a task before its parent",
      changed((lines) => lines.toSpliced(at(lines, "task sh"), 0, lines[at(lines, "task node")] as string)),
      /a parent that has a line above/,
    ],
    [
      "a point before the first group",
      changed((lines) => lines.toSpliced(at(lines, "by "), 0, lines[at(lines, "  ")] as string)),
      /"by " before the first point/,
    ],
    [
      "a table after the points",
      changed((lines) => [...lines.slice(0, -1), lines[at(lines, "task sh")] as string, "end"]),
      /a line of a contour, and "end" as the last/,
    ],
  ])("%s", (_what, input, message) => {
    expect(refusal(input)).toMatch(message);
    expect(refusal(input)).toMatch(/^contour file, line \d+: /);
  });
});

describe("what a merge as text leaves is read:", () => {
  const rootWords = `${credentialIds.map((id) => `${id}=0`).join(" ")} capabilities=0x0`;
  const rootLine = `credentials uid0~${sha256(Buffer.from(rootWords)).slice(0, 8)} ${rootWords}`;
  const same = (input: string) => textOf(parseContour(input, { profile: iso1 }));

  test.each<[string, string]>([
    ["nothing else", text],
    [
      "acts in another order",
      changed((lines) =>
        lines.toSpliced(
          at(lines, "by sh") + 1,
          2,
          ...lines.slice(at(lines, "by sh") + 1, at(lines, "by sh") + 3).reverse(),
        ),
      ),
    ],
    [
      "a point twice",
      changed((lines) => lines.toSpliced(at(lines, "  open"), 0, lines[at(lines, "  open")] as string)),
    ],
    ["a group in two parts", replaced(/^by sh.*/, "$&\n\n$&")],
    ["a group without points", replaced(/^by sh.*/, `$&\n${/^by node.*/m.exec(text)?.[0]}\n\n$&`)],
    ["a task twice", replaced(/^task npm.*/, "$&\n$&")],
    ["credentials that no point has", replaced(/^credentials.*/, `$&\n${rootLine}`)],
    ["a gap twice", replaced(/^incomplete.*/, "$&\n$&")],
    ["an element of a list twice", replaced(/^policy pseudonyms\[\].*DATA.*/, "$&\n$&")],
    ["a value twice", replaced(/^policy lens.*/, "$&\n$&")],
    ["empty lines", text.replaceAll("\n", "\n\n").slice(0, -1)],
    ["no empty lines", text.replaceAll("\n\n", "\n")],
    ["a longer handle", text.replaceAll(/npm~\w{8} (\w{12})/g, (_, id: string) => `npm~${id} ${id}`)],
  ])("%s", (_, input) => {
    expect(same(input)).toBe(text);
  });
});

describe("a conflict that git left", () => {
  const conflicting = changed((lines) =>
    lines.toSpliced(
      at(lines, "  open"),
      0,
      "<<<<<<< HEAD",
      lines[at(lines, "  open")] as string,
      "=======",
      ">>>>>>> work",
    ),
  );

  test.each([
    ["in the middle", conflicting],
    ["in the first line", `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> work\n`],
    ["with the origin", conflicting.replace("=======", "||||||| 3fa9c1d\n=======")],
  ])("%s is recognised, and the message says what to do", (_, input) => {
    expect(refusal(input)).toMatch(
      /line \d+: expected a contour, got a conflict .*isoline merge FILE -o FILE.*git-setup/,
    );
  });
});

describe("absurd lengths", () => {
  test("a line of a million bytes and more, in one piece and in many", () => {
    const long = Buffer.alloc(3 << 20, "a");
    expect(refusal(long)).toMatch(/line 1: expected a line of at most 1048576 bytes/);
    expect(refusal(Buffer.concat([long, Buffer.from("\n")]))).toMatch(
      /line 1: expected a line of at most 1048576 bytes/,
    );
  });

  test("a policy without end", () => {
    const lines = Array.from(
      { length: 40_000 },
      (_, number) => `policy list[] ${JSON.stringify(`${number}${"x".repeat(90)}`)}\n`,
    );
    expect(refusal(`isoline contour 2\nprofile iso1\n${lines.join("")}`)).toMatch(
      /a policy of at most 150000 characters/,
    );
  });

  test("more points than the caller allows", () => {
    expect(() => parseContour(bytes, { maxPoints: 4 })).toThrow(/expected at most 4 points, got another one/);
    expect(parseContour(bytes, { maxPoints: 5 }).size).toBe(5);
  });
});

test("a contour of another profile than the one asked for", () => {
  expect(() => parseContour(bytes, { profile: quixote })).toThrow(
    /line 2: expected a contour of profile quixote, got iso1/,
  );
});
