import { writeFileSync } from "node:fs";
import { relative } from "node:path";

/** The most characters of a reason beside the name of a failed test. */
const MOST_REASON = 300;

/**
 * Reports the results of each test file to `tools/test-runs.mjs`, in the file named by ISOLINE_TEST_REPORT.
 *
 * A test file that cannot be loaded, a hook that throws and an uncaught error count as one failure each, and so does a test
 * that never ran. So a closing line without failures means that there were none. The report is written as each file ends: it
 * names the files that did not end where the runner is stopped before its own end.
 */
export default class CountReporter {
  /** @type {import("./test-runs.mjs").Results} */
  #results = {};

  /** @param {readonly import("vitest/node").TestSpecification[]} specifications */
  onTestRunStart(specifications) {
    for (const { moduleId, project } of specifications) {
      const file = relative(project.config.root, moduleId);
      this.#results[file] = { passed: 0, failed: [`${file}: did not end`], skipped: [], unsteady: [] };
    }
    report(this.#results);
  }

  /** @param {import("vitest/node").TestModule} module */
  onTestModuleEnd(module) {
    this.#results[module.relativeModuleId] = resultsOf(module);
    report(this.#results);
  }

  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly import("vitest/node").SerializedError[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {import("./test-runs.mjs").Results} */
    const results = {};
    for (const module of modules) results[module.relativeModuleId] = resultsOf(module);
    for (const error of unhandledErrors) {
      // The file that ran when the error was thrown; none, where the runner does not know it.
      const running = modules.find(({ moduleId }) => moduleId === error["VITEST_TEST_PATH"])?.relativeModuleId ?? "";
      const name = running === "" ? "uncaught" : `${running}, uncaught`;
      results[running] ??= { passed: 0, failed: [], skipped: [], unsteady: [] };
      results[running].failed.push(name + reason([error]));
    }
    report(results);
  }
}

/** @param {import("./test-runs.mjs").Results} results */
function report(results) {
  const file = process.env["ISOLINE_TEST_REPORT"];
  if (file !== undefined) writeFileSync(file, JSON.stringify(results));
}

/** @param {import("vitest/node").TestModule} module @returns {import("./test-runs.mjs").Counts} */
function resultsOf(module) {
  /** @type {import("./test-runs.mjs").Counts} */
  const counts = { passed: 0, failed: [], skipped: [], unsteady: [] };
  for (const error of module.errors()) counts.failed.push(nameIn(module) + reason([error]));
  const { leftOut } = /** @type {{ leftOut?: string }} */ (module.meta());
  if (leftOut !== undefined) return { ...counts, skipped: [nameIn(module) + noted(leftOut)] };
  for (const suite of module.children.allSuites())
    for (const error of suite.errors()) counts.failed.push(nameIn(module, suite) + reason([error]));
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === "passed") {
      counts.passed += 1;
      counts.unsteady.push(...unsteadiness(module, test));
    } else if (result.state === "skipped") counts.skipped.push(nameIn(module, test) + noted(result.note));
    else if (isInSkippedSuite(test)) counts.skipped.push(nameIn(module, test));
    else counts.failed.push(nameIn(module, test) + reason(result.errors ?? [{ message: "never ran" }]));
  }
  return counts;
}

/** @param {import("vitest/node").TestModule} module @param {{ fullName: string }} [part] a suite or a test of it */
function nameIn(module, part) {
  const name = part === undefined ? module.relativeModuleId : `${module.relativeModuleId} > ${part.fullName}`;
  return name.replaceAll("\n", " ");
}

/** @param {readonly { message: string }[]} errors */
function reason([first]) {
  return first === undefined ? "" : `: ${first.message.replaceAll(/\s+/g, " ").slice(0, MOST_REASON)}`;
}

/**
 * A test that passed in a second virtual machine says why it failed in the first (test/vm/machines.test.ts).
 *
 * @param {import("vitest/node").TestModule} module @param {import("vitest/node").TestCase} test
 */
function unsteadiness(module, test) {
  const { unsteady } = /** @type {{ unsteady?: string }} */ (test.meta());
  return unsteady === undefined ? [] : [nameIn(module, test) + reason([{ message: unsteady }])];
}

/** @param {string} [note] the reason a test gave */
function noted(note) {
  return note === undefined ? "" : ` (${note})`;
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
