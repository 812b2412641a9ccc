/** Rules for confidential machines in a policy: each that means nothing is refused, with what was expected. */
import { describe, expect, it } from "vitest";
import { readPolicy } from "../../../packages/attest/src/appraise/index.ts";
import { policy, snpRules, tdxRules } from "./machine-policy.ts";

describe("rules for confidential machines", () => {
  it.each<[string, object, string]>([
    ["a root without rules", { tee: undefined }, "expected rules for machines, as root is tee"],
    ["rules without the root", { root: "tpm" }, "expected none, as root is tpm"],
    ["no vendor", { tee: {} }, "expected rules for snp or tdx"],
    [
      "no measurement of what is launched",
      { tee: { snp: { ...snpRules, measurements: {} } } },
      "values for measurement",
    ],
    ["no value of it", { tee: { tdx: { measurements: { mrtd: [] } } } }, "at least one value"],
    ["no minimum of firmware", { tee: { snp: { ...snpRules, minimumTcb: {} } } }, "at least one of bootLoader"],
    ["revoked platforms", { tee: { tdx: { ...tdxRules, statuses: ["Revoked"] } } }, 'expected one of "UpToDate"'],
    ["an unknown member", { tee: { snp: { ...snpRules, debug: true } } }, "expected one of measurements"],
  ])("are refused with %s", async (_, change, said) => {
    await expect(readPolicy(policy(change), [])).rejects.toThrow(said);
  });
});
