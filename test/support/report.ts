/** Reports of runs, held to the published schema wherever a test reads one. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RunReport } from "../../packages/isoline/src/namespace/report.ts";
import { faultsIn, type Schema } from "./schema.ts";

const path = fileURLToPath(new URL("../../packages/isoline/schema/report.json", import.meta.url));

export const reportSchema = JSON.parse(readFileSync(path, "utf8")) as Schema;

/** The report in a file; throws if it does not fit the schema. */
export function readReport(file: string): RunReport {
  const report = JSON.parse(readFileSync(file, "utf8")) as RunReport;
  const faults = faultsIn(report, reportSchema);
  if (faults.length > 0) throw new Error(`${file} does not fit the schema of reports: ${faults.join("; ")}`);
  return report;
}
