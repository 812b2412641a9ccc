/** The results of the tests in a machine, read from the output of their reporter (`guest/reporter.mjs`). */
import { basename } from "node:path";
import type { Line } from "./guest/reporter.mjs";

export interface Result {
  /** The test's file and its name in the machine. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly reason: string;
  /** What failed of its file in the first machine, where nothing did in the second: with the first result of the file. */
  readonly unsteady?: string;
  /** By the machine's clock; 0 if it did not end. */
  readonly milliseconds: number;
}

/**
 * A result for each test, and a failed one for each file without any: a machine that ends early, a file that cannot be loaded
 * and a file without a test are no success.
 */
export function readResults(lines: string, files: readonly string[]): readonly Result[] {
  // Text after the last line feed was cut off when the machine ended.
  const told = lines
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
  return files.flatMap((file) => resultsOf(file, told));
}

/** The files in which something failed. */
export function failedFiles(results: readonly Result[], files: readonly string[]): readonly string[] {
  return files.filter((file) => results.some((result) => result.outcome === "failed" && isOf(result, file)));
}

/** The results of two machines, of which the second ran only those files in which something failed. */
export function afterSecond(
  first: readonly Result[],
  second: readonly Result[],
  files: readonly string[],
): readonly Result[] {
  const steady = first.filter((result) => !files.some((file) => isOf(result, file)));
  return [...steady, ...files.flatMap((file) => twice(first, second, file))];
}

function twice(first: readonly Result[], second: readonly Result[], file: string): readonly Result[] {
  const [one, ...rest] = second.filter((result) => isOf(result, file));
  if (one === undefined || [one, ...rest].some(({ outcome }) => outcome === "failed")) return one ? [one, ...rest] : [];
  const failures = first.filter((result) => result.outcome === "failed" && isOf(result, file));
  return [{ ...one, unsteady: failures.map(({ name, reason }) => `${name}: ${reason}`).join("; ") }, ...rest];
}

function isOf({ name }: Result, file: string): boolean {
  return name === basename(file) || name.startsWith(`${basename(file)} > `);
}

function resultsOf(file: string, told: readonly Line[]): readonly Result[] {
  const tests = new Map<string, Result>();
  // A file that fails as a whole has a line of its own, whose name is its path.
  for (const { name: words, outcome, reason = "", milliseconds = 0 } of told.filter((line) => line.file === file)) {
    const name = words === file ? basename(file) : `${basename(file)} > ${words}`;
    if (outcome === "suite") tests.delete(name);
    else if (outcome === "started")
      tests.set(name, { name, outcome: "failed", reason: "did not come to its end", milliseconds });
    else tests.set(name, { name, outcome, reason, milliseconds });
  }
  const whole = tests.get(basename(file));
  if (tests.size === 0)
    return [{ name: basename(file), outcome: "failed", reason: "was not reached", milliseconds: 0 }];
  if (whole?.outcome === "passed") return [{ ...whole, outcome: "failed", reason: "holds no test" }];
  return [...tests.values()];
}
