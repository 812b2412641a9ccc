/** What was said of a TPM, checked before anything is started. */
import { CliError } from "../error.ts";
import { BIRTHS_PCR, pcrsForBirths, type TpmPlan, usualLedgers } from "./plan.ts";

/** The usual ledger and PCR where none are named; refuses what is not an address, and a PCR that programs can reset. */
export function tpmPlan({
  address,
  ledger = usualLedgers(),
  pcr = BIRTHS_PCR,
}: {
  readonly address: string;
  readonly ledger?: string | undefined;
  readonly pcr?: number | undefined;
}): TpmPlan {
  if (!/^(?:unix:\/|tcp:[^:]|device:\/|\/)/.test(address))
    throw new CliError(
      "usage",
      `expected the TPM as unix:/PATH, tcp:HOST:PORT or the path of a device, got ${JSON.stringify(address.slice(0, 60))}`,
    );
  if (!ledger.startsWith("/"))
    throw new CliError("usage", `expected an absolute path for ledgers, got ${JSON.stringify(ledger.slice(0, 60))}`);
  if (!pcrsForBirths.includes(pcr))
    throw new CliError(
      "usage",
      `expected one of the PCRs ${pcrsForBirths.join(", ")} for births, got ${pcr}: others are in use, or programs can reset them`,
    );
  return { address, ledger, pcr };
}
