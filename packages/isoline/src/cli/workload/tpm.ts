/** The options of a TPM, as `learn`, `check` and `run` have them. */
import { drawName } from "../../control/place.ts";
import type { TpmOptions as Tpm } from "../../library/workloads.ts";
import { usage } from "../refusal.ts";

export interface TpmOptions {
  readonly tpm?: string;
  readonly tpmLedger?: string;
  readonly tpmPcr?: number;
}

/** The ledger names a namespace from its birth on, so a run without a name gets the random one of its control socket before that. */
export function nameOf({ tpm, name }: TpmOptions & { readonly name?: string }): string | undefined {
  return name ?? (tpm === undefined ? undefined : drawName());
}

export function tpmOptions({ tpm, tpmLedger, tpmPcr }: TpmOptions): { readonly tpm?: Tpm } {
  if (tpm !== undefined) return { tpm: { address: tpm, ledger: tpmLedger, pcr: tpmPcr } };
  if (tpmLedger !== undefined || tpmPcr !== undefined)
    throw usage("--tpm-ledger and --tpm-pcr change nothing without --tpm; leave them out");
  return {};
}
