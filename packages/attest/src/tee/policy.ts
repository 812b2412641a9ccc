/** What a verifier demands of a confidential virtual machine, of either maker. */
import { isEqual } from "../x509/index.ts";
import { brokenReport } from "./refusal.ts";
import { untrusted } from "../x509/index.ts";
import { REPORT_DATA_BYTES } from "./report-data.ts";

/**
 * Permitted values of measurements, in lower-case hexadecimal, by the name that `measurements` of a result has. Each name here must
 * have one of its values. `"any"` accepts whatever was launched: only for a caller that compares the result itself.
 */
export type Expected = Readonly<Record<string, readonly string[]>> | "any";

export interface TeeQuestion {
  /** The report data that the machine was to put into its report: `reportData` computes it. */
  readonly reportData: Uint8Array;
  readonly measurements: Expected;
}

export function assertReportData(reported: Uint8Array, { reportData }: TeeQuestion): void {
  if (reportData.length !== REPORT_DATA_BYTES || !isEqual(reported, reportData))
    throw brokenReport("it is about another challenge, key, aggregate or contour than was asked for");
}

/** `launched` is the measurement that a policy may not leave out: without it anything could run there. */
export function assertMeasurements(
  measured: Readonly<Record<string, string>>,
  launched: string,
  { measurements }: TeeQuestion,
): void {
  if (measurements === "any") return;
  if (measurements[launched] === undefined) throw untrusted(`the policy says nothing about ${launched}`);
  for (const [name, permitted] of Object.entries(measurements)) {
    const value = measured[name];
    if (value === undefined || !permitted.includes(value))
      throw untrusted(
        `${name}: expected ${permitted.join(" or ") || "nothing"}, got ${value ?? "no such measurement"}`,
        "add that value to the policy if you launched it",
      );
  }
}
