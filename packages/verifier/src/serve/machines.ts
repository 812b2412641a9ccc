/** What an operator trusts of confidential machines: makers, revocation lists, Intel's statements (docs/attestation.md). */
import { join } from "node:path";
import { collateralIn, type MachineTrust, makersIn, revocationsIn, rootsAmong } from "@isoline/attest/appraise";
import { AttestError } from "@isoline/attest/error";
import { VerifierError } from "../error.ts";
import { trustedFiles } from "./secrets.ts";

/** Undefined where no maker is trusted. */
export async function openMachines(folder: string): Promise<MachineTrust | undefined> {
  const makers = readAll(folder, "tee-makers", makersIn).flat();
  if (makers.length === 0) return undefined;
  return {
    nodes: [],
    ...(await rootsAmong(makers)),
    revocations: readAll(folder, "tee-revocations", revocationsIn),
    collateral: readAll(folder, "tee-collateral", collateralIn),
  };
}

function readAll<T>(folder: string, section: string, read: (bytes: Uint8Array) => T): readonly T[] {
  return trustedFiles(join(folder, section)).map(({ name, bytes }) => {
    try {
      return read(bytes);
    } catch (fault) {
      if (!(fault instanceof AttestError)) throw fault;
      throw new VerifierError("bad-configuration", `${section}/${name}: ${fault.message}`);
    }
  });
}
