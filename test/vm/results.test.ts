/** No failure in a machine is taken for a success. */
import { describe, expect, it } from "vitest";
import type { Line } from "./guest/reporter.mjs";
import { afterSecond, failedFiles, readResults, type Result } from "./results.ts";

const FILE = "/place/a.test.mjs";
const read = (...lines: readonly Partial<Line>[]) =>
  readResults(lines.map((line) => `${JSON.stringify({ file: FILE, ...line })}\n`).join(""), [FILE]);

describe("results", () => {
  it("are reported test by test", () => {
    expect(
      read(
        { name: "one", outcome: "started" },
        { name: "one", outcome: "passed", milliseconds: 7 },
        { name: "two", outcome: "started" },
        { name: "two", outcome: "failed", reason: "1 is not 2" },
        { name: "many", outcome: "started" },
        { name: "many > three", outcome: "skipped", reason: "no TPM" },
        { name: "many", outcome: "suite" },
      ),
    ).toEqual([
      { name: "a.test.mjs > one", outcome: "passed", reason: "", milliseconds: 7 },
      { name: "a.test.mjs > two", outcome: "failed", reason: "1 is not 2", milliseconds: 0 },
      { name: "a.test.mjs > many > three", outcome: "skipped", reason: "no TPM", milliseconds: 0 },
    ]);
  });

  it("of a test that never ended: failed", () => {
    expect(read({ name: "one", outcome: "started" })).toMatchObject([
      { name: "a.test.mjs > one", outcome: "failed", reason: "did not come to its end" },
    ]);
  });

  it("of a file that was never reached, or contains no test: failed", () => {
    expect(read()).toMatchObject([{ name: "a.test.mjs", outcome: "failed", reason: "was not reached" }]);
    expect(read({ name: FILE, outcome: "passed" })).toMatchObject([{ outcome: "failed", reason: "holds no test" }]);
  });

  it("of a file that could not be loaded: failed", () => {
    expect(read({ name: FILE, outcome: "failed", reason: "no such module" })).toMatchObject([
      { name: "a.test.mjs", outcome: "failed", reason: "no such module" },
    ]);
  });

  it("of a file that no time was left for: skipped", () => {
    expect(read({ name: FILE, outcome: "skipped", reason: "no time was left" })).toEqual([
      { name: "a.test.mjs", outcome: "skipped", reason: "no time was left", milliseconds: 0 },
    ]);
  });

  it("cut off in the middle of a line: the lines before count", () => {
    const whole = `${JSON.stringify({ file: FILE, name: "one", outcome: "passed" })}\n`;
    const cut = `${whole}{"file":"${FILE}","name":"two","outc`;
    expect(readResults(cut, [FILE])).toMatchObject([{ name: "a.test.mjs > one", outcome: "passed" }]);
  });
});

describe("results of two machines", () => {
  const files = ["/place/a.test.mjs", "/place/b.test.mjs", "/place/c.test.mjs"];
  const result = (name: string, outcome: Result["outcome"], reason = ""): Result => ({
    ...{ name, outcome, reason },
    milliseconds: 0,
  });
  const first = [
    result("a.test.mjs > one", "passed"),
    result("b.test.mjs > one", "passed"),
    result("b.test.mjs > two", "failed", "too late"),
    result("c.test.mjs", "failed", "was not reached"),
  ];

  it("the second runs the files in which something failed", () => {
    expect(failedFiles(first, files)).toEqual(files.slice(1));
  });

  it("count as the second tells them, with what failed in the first", () => {
    const second = [
      result("b.test.mjs > one", "passed"),
      result("b.test.mjs > two", "passed"),
      result("c.test.mjs > one", "failed", "1 is not 2"),
    ];
    expect(afterSecond(first, second, files.slice(1))).toEqual([
      result("a.test.mjs > one", "passed"),
      { ...result("b.test.mjs > one", "passed"), unsteady: "b.test.mjs > two: too late" },
      result("b.test.mjs > two", "passed"),
      result("c.test.mjs > one", "failed", "1 is not 2"),
    ]);
  });
});
