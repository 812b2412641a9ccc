/** A policy that demands a confidential machine of makers that exist only in tests. */
import * as amd from "./amd-vendor.ts";
import * as intel from "./intel-vendor.ts";

export const snpRules = {
  measurements: { measurement: [amd.MEASUREMENT] },
  minimumTcb: { bootLoader: 4, tee: 1, snp: 22, microcode: 213 },
};
export const tdxRules = { measurements: { mrtd: [intel.MRTD] } };
export const policy = (more: object = {}) =>
  Buffer.from(
    JSON.stringify({
      policy: 1,
      name: "confidential",
      version: 1,
      root: "tee",
      tee: { snp: snpRules, tdx: tdxRules },
      ledger: "if-there",
      canisters: [{ label: "*", register: "if-there", bound: "required" }],
      ...more,
    }),
  );
