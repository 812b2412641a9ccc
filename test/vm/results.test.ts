/** No failure in a machine is taken for a success. */
import { describe, expect, it } from "vitest";
import type { Line } from "./guest/reporter.mjs";
import { readResults } from "./results.ts";

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

  it("cut off in the middle of a line: the lines before count", () => {
    const whole = `${JSON.stringify({ file: FILE, name: "one", outcome: "passed" })}\n`;
    const cut = `${whole}{"file":"${FILE}","name":"two","outc`;
    expect(readResults(cut, [FILE])).toMatchObject([{ name: "a.test.mjs > one", outcome: "passed" }]);
  });
});
