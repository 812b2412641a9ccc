/** Where a namespace's behaviour is recorded in hardware, as plain data. */
import { keptByHost, placeOfHost } from "../store/host-directory.ts";

export interface TpmPlan {
  /** `unix:PATH`, `tcp:HOST:PORT`, or a device. */
  readonly address: string;
  /** The directory of the host's ledgers, one file for each boot. */
  readonly ledger: string;
  /** The register of platform configuration for births and ends. */
  readonly pcr: number;
}

/** The directory of the host's ledgers, unless another is named. */
export const usualLedgers = (): string => keptByHost("ledger");

/** Whether it is the usual one of a user of this machine. Others of them may record in the same TPM, of which this user need not know. */
export const isOfMachine = (ledgers: string): boolean =>
  placeOfHost("ledger") === undefined && ledgers === usualLedgers();
/** Extended by system extensions at most, before the system has started (systemd, TPM2 PCR Measurements). */
export const BIRTHS_PCR = 13;

/**
 * Registers that no program can reset, and that are in no aggregate (0 to 7; with 8 and 9 the kernel's boot_aggregate) and not the kernel's
 * list (10): TCG PC Client Platform TPM Profile, 4.6.1.
 */
export const pcrsForBirths: readonly number[] = [11, 12, 13, 14, 15];
