/** The options of a TPM, as `learn`, `check` and `run` have them. */
import type { TpmOptions as Tpm } from "../../library/workloads.ts";
import { usage } from "../refusal.ts";

export interface TpmOptions {
  readonly tpm?: string;
  readonly tpmLedger?: string;
  readonly tpmPcr?: number;
}

export function tpmOptions({ tpm, tpmLedger, tpmPcr }: TpmOptions): { readonly tpm?: Tpm } {
  if (tpm !== undefined) return { tpm: { address: tpm, ledger: tpmLedger, pcr: tpmPcr } };
  if (tpmLedger !== undefined || tpmPcr !== undefined)
    throw usage("--tpm-ledger and --tpm-pcr change nothing without --tpm; leave them out");
  return {};
}
