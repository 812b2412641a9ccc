/** One name for the machine behind a report, of either maker: by it a verifier knows it again, and a list permits it. */
import type { SnpProof } from "./snp.ts";
import type { TdxProof } from "./tdx.ts";

/** The name of a chip or of a platform: what a list of machines may have. */
export const MACHINE_NAME = /^(?:snp:(?:[0-9a-f]{16}|[0-9a-f]{128})|tdx:[0-9a-f]{32})$/;

/**
 * `snp:` and the id of the chip that AMD's VCEK is for, 8 or 64 bytes; `tdx:` and the PPID of the platform that Intel's PCK is for, 16
 * bytes; both in hexadecimal. A VLEK is for no chip: `cloud:` and the name of the cloud in it.
 */
export function machineName(proof: SnpProof | TdxProof): string {
  if (proof.is === "tdx") return `tdx:${proof.platform.ppid}`;
  return proof.signer === "VCEK" ? `snp:${proof.machine}` : `cloud:${proof.machine}`;
}
