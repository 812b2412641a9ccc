import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contourOf, openAct, textOf } from "../../../../test/arbitrary/contour.ts";
import { RunningDigest, sha256 } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { credentialIds } from "../event/soundness.ts";
import { iso1 } from "../profile/iso1.ts";
import { quixote } from "../profile/quixote.ts";
import { parseContour } from "./read.ts";

const contour = contourOf([
  { chain: ["/bin/sh"], acts: [openAct("/etc/passwd"), openAct("/etc/group", "content")] },
  { chain: ["/bin/sh", "/usr/bin/node"], acts: [openAct("$HOME/.npmrc"), openAct("/ä")] },
  { chain: ["/bin/sh", "/usr/bin/npm"], acts: [] },
  { chain: [], acts: ["chroot path=/"] },
]);
contour.beginRun();
contour.flag("lost notifications", 2);
contour.fired("temp-name", 7);
const text = textOf(contour);
const bytes = Buffer.from(text);

/** The one error that reading may throw; any other error fails the test. */
function refusal(input: Uint8Array): string {
  try {
    parseContour(input);
  } catch (error) {
    if (error instanceof IsolineError && error.code === "bad-contour") return error.message;
    throw error;
  }
  throw new Error(`accepted: ${Buffer.from(input).toString()}`);
}

const LINE = /^contour file, line \d+: expected .*, got .*; .*$/;

/** The file with other lines, and with lengths and checksums corrected as anyone with an editor and sha256sum could. */
function forged(change: (lines: string[]) => string[]): Buffer {
  const lines = change(text.split("\n").slice(0, -2));
  const digest = new RunningDigest();
  const body = `${lines.join("\n")}\n`;
  digest.update(Buffer.from(body));
  return Buffer.from(`${body}sha256 ${digest.finish()}\n`);
}

const replaced = (from: string | RegExp, to: string) => forged((lines) => lines.map((line) => line.replace(from, to)));
const rootWords = `${credentialIds.map((id) => `${id}=0`).join(" ")} capabilities=0x0`;
const rootLine = `credentials uid0~${sha256(Buffer.from(rootWords)).slice(0, 8)} ${rootWords}`;
const at = (lines: readonly string[], start: string) => lines.findIndex((line) => line.startsWith(start));

test("the file itself is accepted, also after the checksums were recomputed", () => {
  expect(parseContour(bytes, { profile: iso1 }).size).toBe(5);
  expect(parseContour(forged((lines) => lines)).size).toBe(5);
});

test("truncated at every length", () => {
  for (let length = 0; length < bytes.length; length++) expect(refusal(bytes.subarray(0, length))).toMatch(LINE);
});

test("every bit flipped", () => {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(refusal(flipped)).toMatch(LINE);
  }
});

/** Lines that no point depends on. A forger who recomputes the checksums can drop them; only a signature would show it. */
const isRemark = (line: string) => /^(incomplete|levelled|task npm)/.test(line);

test("every line missing, doubled, or exchanged with the next, checksums corrected", () => {
  const lines = text.split("\n").slice(0, -2);
  for (const [place, line] of lines.entries()) {
    const next = lines[place + 1];
    const changes: ((all: string[]) => string[])[] = [(all) => all.toSpliced(place, 0, line)];
    if (!isRemark(line)) changes.push((all) => all.toSpliced(place, 1));
    if (next !== undefined) changes.push((all) => all.toSpliced(place, 2, next, line));
    for (const change of changes) expect(refusal(forged(change))).toMatch(LINE);
  }
});

test("any bytes at all", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
      expect(refusal(input)).toMatch(LINE);
    }),
  );
});

test("any bytes put in, or any piece cut out", () => {
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(200), fc.uint8Array({ maxLength: 20 }), (start, cut, put) => {
      const changed = Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + cut)]);
      fc.pre(!changed.equals(bytes));
      expect(refusal(changed)).toMatch(LINE);
    }),
    { numRuns: 500 },
  );
});

test("any line replaced by another text, checksums corrected", () => {
  const count = text.split("\n").length - 2;
  fc.assert(
    fc.property(fc.nat(count - 1), fc.string({ unit: "grapheme" }), (line, put) => {
      fc.pre(put !== text.split("\n")[line] && !put.includes("\n"));
      expect(refusal(forged((lines) => lines.with(line, put)))).toMatch(LINE);
    }),
    { numRuns: 300 },
  );
});

describe("by a forger who corrects the checksums", () => {
  test.each<[string, Buffer, RegExp]>([
    [
      "another path under the same point",
      replaced("path=/etc/passwd", "path=/etc/passwe"),
      /expected the point [0-9a-f]{64}, which the event gives/,
    ],
    ["another program in a task", replaced("/usr/bin/node@", "/usr/bin/nodf@"), /expected a task whose id follows/],
    ["another credential", replaced(/^(credentials .*) fsgid=user/, "$1 fsgid=0"), /expected the handle/],
    [
      "other credentials behind a handle",
      replaced(/(by .* as )user~/, "$1uid0~"),
      /with handles from the tables above/,
    ],
    ["an act in another spelling", replaced("mode=0100644", "mode=00100644"), /expected an event of the profile iso1/],
    ["an unescaped character", replaced("path=/etc/passwd", "path=/etc/\u202epasswd"), /not escaped the canonical way/],
    ["another base", replaced(/^base 0/, "base 1"), /expected the state [0-9a-f]{64} in line/],
    ["another aggregate", replaced(/^aggregate 0/, "aggregate 1"), /expected the state/],
    ["another policy", replaced("policy {}", 'policy {"a":1}'), /expected a policy whose digest is/],
    ["a policy in another spelling", replaced("policy {}", "policy { }"), /canonical JSON/],
    ["another measurement", replaced(/^measurement ./, "measurement x"), /64 lower-case hexadecimal digits/],
    [
      "another order of first occurrence",
      replaced(/:1 (.*):0 /, ":0 $1:1 "),
      /expected the measurement [0-9a-f]{64} in line/,
    ],
    ["a place that is given twice", replaced(/:1 /, ":0 "), /every place once/],
    ["a place beyond the end", replaced(/:4(?= |$)/, ":5"), /whole number up to 4/],
    ["more runs than there were", replaced(/^ {2}1:/, "  3:"), /whole number up to 2/],
    ["a point seen less often than in how many runs", replaced(/^ {2}1:1:/, "  2:1:"), /an occurrence in each/],
    ["no run at all", replaced("runs 2", "runs 0"), /at least one run/],
    ["another number of points", replaced("points 5", "points 6"), /expected points 5/],
    ["an absurd number", replaced("runs 2", "runs 99999999999999999999"), /whole number/],
    ["a number with a sign", replaced("incomplete 2", "incomplete +2"), /whole number/],
    ["something after the end", Buffer.concat([bytes, Buffer.from("more\n")]), /nothing after the line/],
    ["an empty line after the end", Buffer.concat([bytes, Buffer.from("\n")]), /nothing after the line/],
    ["no newline at the end", bytes.subarray(0, -1), /a newline at the end/],
    [
      "a byte order mark",
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
      /line 1: expected "isoline contour 1"/,
    ],
    ["carriage returns", Buffer.from(text.replaceAll("\n", "\r\n")), /line 1: .*carriage return.*autocrlf/],
    [
      "version 2",
      replaced("isoline contour 1", "isoline contour 2"),
      /line 1: expected version 1, got "2"; use the isoline/,
    ],
    [
      "an unknown profile",
      replaced("profile iso1", "profile iso2"),
      /line 2: expected profile iso1, quixote or iso2017/,
    ],
    [
      "the points of another profile",
      replaced("profile iso1", "profile quixote"),
      /expected an event of the profile quixote/,
    ],
    ["bytes that are not UTF-8", Buffer.from(text.replace("/ä", "/\u00e4"), "latin1"), /expected UTF-8/],
    [
      "a group that comes twice",
      forged((lines) => lines.toSpliced(at(lines, "by "), 0, ...lines.slice(at(lines, "by "), at(lines, "by ") + 3))),
      /groups in the order of the tables/,
    ],
    [
      "a group without points",
      forged((lines) => lines.filter((line) => !line.startsWith("  chroot"))),
      /two spaces and a point/,
    ],
    [
      "credentials twice",
      forged((lines) => lines.toSpliced(at(lines, "credentials "), 0, lines[at(lines, "credentials ")] as string)),
      /credentials in ascending order/,
    ],
    [
      "credentials that no actor has",
      forged((lines) => lines.toSpliced(at(lines, "credentials "), 0, rootLine)),
      /only credentials that an actor has, got uid0~/,
    ],
    ["an orphan task", forged((lines) => lines.toSpliced(at(lines, "task sh"), 1)), /a parent that has a line above/],
  ])("%s", (_what, input, message) => {
    expect(refusal(input)).toMatch(message);
    expect(refusal(input)).toMatch(/^contour file, line \d+: /);
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

  test("a million empty lines", () => {
    expect(refusal(Buffer.concat([Buffer.from("isoline contour 1\n"), Buffer.alloc(1 << 20, "\n")]))).toMatch(
      /^contour file, line 2: expected a line that begins/,
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
