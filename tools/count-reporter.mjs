import { writeFileSync } from "node:fs";

/**
 * Reports the results of the tests to `tools/test.mjs`, in the file named by ISOLINE_TEST_REPORT.
 *
 * A test file that cannot be loaded, a hook that throws and an uncaught error count as one failure each, and so does a test
 * that never ran. So a closing line without failures means that there were none.
 */
export default class CountReporter {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: /** @type {string[]} */ ([]) };
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") counts.passed += 1;
        else if (result.state === "skipped") counts.skipped.push(skipName(module, test, result.note));
        else if (isInSkippedSuite(test)) counts.skipped.push(skipName(module, test));
        else counts.failed += 1;
      }
    }
    const file = process.env["ISOLINE_TEST_REPORT"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}

/**
 * Whether a suite around a test is skipped: one within another leaves its tests without a result.
 *
 * @param {import("vitest/node").TestCase} test
 */
function isInSkippedSuite(test) {
  for (let around = test.parent; around.type === "suite"; around = around.parent)
    if (around.options.mode === "skip") return true;
  return false;
}

/**
 * @param {import("vitest/node").TestModule} module @param {import("vitest/node").TestCase} test
 * @param {string} [note] the reason the test gave
 */
function skipName(module, test, note) {
  const name = `${module.relativeModuleId} > ${test.fullName}`.replaceAll("\n", " ");
  return note === undefined ? name : `${name} (${note})`;
}
