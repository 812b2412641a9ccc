import { writeFileSync } from "node:fs";

/** The most characters of a reason beside the name of a failed test. */
const MOST_REASON = 300;

/**
 * Reports the results of the tests to `tools/test.mjs`, in the file named by ISOLINE_TEST_REPORT.
 *
 * A test file that cannot be loaded, a hook that throws and an uncaught error count as one failure each, and so does a test
 * that never ran. So a closing line without failures means that there were none.
 */
export default class CountReporter {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly import("vitest/node").SerializedError[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0;
    const failed = unhandledErrors.map((error) => `uncaught${reason([error])}`);
    /** @type {string[]} */
    const skipped = [];
    for (const module of modules) {
      for (const error of module.errors()) failed.push(nameIn(module, "", [error]));
      for (const suite of module.children.allSuites())
        for (const error of suite.errors()) failed.push(nameIn(module, suite.fullName, [error]));
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") passed += 1;
        else if (result.state === "skipped") skipped.push(skipName(module, test, result.note));
        else if (isInSkippedSuite(test)) skipped.push(skipName(module, test));
        else failed.push(nameIn(module, test.fullName, result.errors ?? [{ message: "never ran" }]));
      }
    }
    const file = process.env["ISOLINE_TEST_REPORT"];
    if (file !== undefined) writeFileSync(file, JSON.stringify({ passed, failed, skipped }));
  }
}

/**
 * @param {import("vitest/node").TestModule} module @param {string} name
 * @param {readonly { message: string }[]} errors
 */
function nameIn(module, name, errors) {
  const place = name === "" ? module.relativeModuleId : `${module.relativeModuleId} > ${name}`;
  return place.replaceAll("\n", " ") + reason(errors);
}

/** @param {readonly { message: string }[]} errors */
function reason([first]) {
  return first === undefined ? "" : `: ${first.message.replaceAll(/\s+/g, " ").slice(0, MOST_REASON)}`;
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
