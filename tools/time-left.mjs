import { TestRunner } from "vitest";
import { longSuites } from "./long-suites.mjs";

/**
 * Runs test files, and leaves out a long one that would begin so late that the run could not end in its time. Such a file counts as
 * skipped, by its name (`tools/count-reporter.mjs`). ISOLINE_BEGIN_LONG_UNTIL has the moment, in milliseconds since 1970.
 */
export default class TimeLeft extends TestRunner {
  /** @param {import("vitest").RunnerTestFile[]} files what was found in them, of which nothing has run yet */
  onCollected(files) {
    const until = Number(process.env["ISOLINE_BEGIN_LONG_UNTIL"] ?? Number.POSITIVE_INFINITY);
    for (const file of files) {
      if (Date.now() < until || !longSuites.includes(file.name)) continue;
      file.mode = "skip";
      Object.assign(file.meta, { leftOut: `no time was left; run it with npm test ${file.name}` });
    }
  }
}
