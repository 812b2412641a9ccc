/** A reporter of `node --test`: one line of JSON for each test that begins, passes, fails or is skipped. */

/**
 * @typedef {object} Line
 * @property {string} file
 * @property {string} name of the test, after those of the suites it is in
 * @property {"started" | "passed" | "failed" | "skipped" | "suite"} outcome `suite`: a suite whose tests have all reported
 * @property {number} [milliseconds]
 * @property {string} [reason] why it failed or was skipped
 */

/**
 * The part of the runner's report about the end of a test that is used here.
 *
 * @typedef {object} Ended
 * @property {string | boolean} [skip]
 * @property {{ type?: string, error?: Error & { failureType?: string } }} details
 */

/** @param {AsyncIterable<import("node:test/reporters").TestEvent>} source */
export default async function* reporter(source) {
  /** @type {string[]} The names from the outermost suite to the current test. */
  const path = [];
  for await (const { type, data } of source) {
    if (type !== "test:start" && type !== "test:pass" && type !== "test:fail") continue;
    path[data.nesting] = data.name;
    path.length = data.nesting + 1;
    const test = { file: data.file ?? "", name: path.join(" > ") };
    if (type === "test:start") yield line({ ...test, outcome: "started" });
    else yield line({ ...test, milliseconds: Math.round(data.details.duration_ms), ...ended(type, data) });
  }
}

/**
 * @param {"test:pass" | "test:fail"} type
 * @param {Ended} data
 * @returns {Pick<Line, "outcome" | "reason">}
 */
function ended(type, { skip, details }) {
  const { error } = details;
  const isSuite = details.type === "suite";
  if (type === "test:fail") {
    if (isSuite && error?.failureType === "subtestsFailed") return { outcome: "suite" };
    return { outcome: "failed", reason: told(error?.cause ?? error) };
  }
  if (skip === undefined || skip === false) return { outcome: isSuite ? "suite" : "passed" };
  return { outcome: "skipped", reason: skip === true ? "without a reason" : skip };
}

/** @param {unknown} error */
const told = (error) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** @param {Line} fields */
export const line = (fields) => `${JSON.stringify(fields)}\n`;
