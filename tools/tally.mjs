/** The most characters of a failed stage's output that are shown. */
const MOST_LINES = 60;

/**
 * How much has passed, failed and been skipped so far. A stage counts one, and a test counts one. What never ran because an
 * earlier stage failed does not count as passed.
 */
export class Tally {
  passed = 0;
  /** @type {string[]} */
  failed = [];
  /** @type {string[]} */
  skipped = [];
  /** @type {string[]} */
  unsteady = [];

  /** @param {import("./test-runs.mjs").Counts} counts */
  add({ passed, failed, skipped, unsteady }) {
    this.passed += passed;
    this.failed.push(...failed);
    this.skipped.push(...skipped);
    this.unsteady.push(...unsteady);
  }

  /** The closing lines: what was skipped, what passed only the second time and what failed, by name, then the counts. */
  closing() {
    const skipped = this.skipped.map((name) => `  skipped: ${name}`);
    const unsteady = this.unsteady.map((name) => `  passed the second time: ${name}`);
    const failed = this.failed.map((name) => `  failed: ${name}`);
    const counts = `${this.passed} passed, ${this.failed.length} failed, ${this.skipped.length} skipped`;
    return [...skipped, ...unsteady, ...failed, counts].join("\n");
  }

  /** No failure, and at least one success: a run that tested nothing is no success. */
  get succeeded() {
    return this.failed.length === 0 && this.passed > 0;
  }
}

/**
 * Reports in one line how a stage ended, shows its output if it failed, and counts it.
 *
 * A stage that could not do everything prints a line `skipped: NAME` for each part that is left out.
 *
 * @param {string} name
 * @param {{ status: number, output: string, seconds: number, timedOut?: boolean, note?: string }} outcome
 * @param {string} [remedy] what to run or read to put it right
 * @returns {import("./test-runs.mjs").Counts}
 */
export function reportStage(name, { status, output, seconds, timedOut = false, note = "" }, remedy) {
  if (status === 0) {
    console.log(stageLine("ok", name, seconds, note));
    const skipped = [...output.matchAll(/^skipped: (.+)$/gm)].map(([, what]) => `${name}: ${what}`);
    return { passed: 1, failed: [], skipped, unsteady: [] };
  }
  const how = timedOut ? "did not end in time" : `status ${status}`;
  console.log(stageLine("FAILED", name, seconds, remedy === undefined ? how : `${how}; see ${remedy}`));
  const lines = output.trim().split("\n");
  for (const line of lines.slice(0, MOST_LINES)) console.log(`  | ${line}`);
  if (lines.length > MOST_LINES) console.log(`  | … and ${lines.length - MOST_LINES} lines more`);
  return { passed: 0, failed: [`${name} (${how})`], skipped: [], unsteady: [] };
}

/** @param {"ok" | "FAILED"} word @param {string} name @param {number} seconds @param {string} [note] */
export function stageLine(word, name, seconds, note = "") {
  const time = seconds >= 0.05 ? `${seconds.toFixed(1)} s` : "";
  return `${word.padEnd(8)}${name.padEnd(16)}${time.padStart(8)}${note === "" ? "" : `  ${note}`}`.trimEnd();
}
