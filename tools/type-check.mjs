/** The types of everything that Node runs, and of the page, which a browser runs: two configurations, one check. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { installed, run } from "./run.mjs";

const CONFIGURATIONS = ["tsconfig.check.json", "packages/dashboard/tsconfig.json"];

/** @param {string} root @returns {Promise<string[]>} what the compiler complains about */
export async function typeViolations(root) {
  const missing = CONFIGURATIONS.filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) return missing.map((file) => `${file} is missing, so there is nothing to check`);
  const outcomes = await Promise.all(
    CONFIGURATIONS.map((file) => run([installed("tsc"), "-p", file], { cwd: root, limitSeconds: 180 })),
  );
  return outcomes.flatMap(({ status, output }) => {
    const lines = output.split("\n").filter((line) => line !== "");
    return status === 0 || lines.length > 0 ? lines : [`the compiler ended with status ${status}`];
  });
}
