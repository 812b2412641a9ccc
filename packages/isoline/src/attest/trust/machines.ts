/** What a verifier trusts of confidential machines: their makers, what was revoked, Intel's statements, and nodes without a TPM. */
import { createPublicKey } from "node:crypto";
import { collateralIn, type MachineTrust, makersIn, revocationsIn, rootsAmong } from "@isoline/attest/appraise";
import { IsolineError } from "@isoline/core/error";
import { nodeIdByKey } from "@isoline/attest/tee";
import { CliError } from "../../error.ts";
import type { TrustDirectory, TrustedFile } from "./directory.ts";

/** A node that has no TPM: it is known by its engine's key. */
export interface MachineNode {
  readonly name: string;
  readonly id: string;
  /** SubjectPublicKeyInfo in DER. */
  readonly key: Uint8Array;
}

const SUFFIX = ".pub";

export function readMachineNodes(trust: TrustDirectory): readonly MachineNode[] {
  return trust
    .files("tee-nodes")
    .filter(({ name }) => name.endsWith(SUFFIX))
    .map(({ name, path, bytes }) => {
      const key = publicInfoIn(path, bytes);
      return { name: name.slice(0, -SUFFIX.length), id: nodeIdByKey(key), key };
    });
}

/** A public key in PEM, as SubjectPublicKeyInfo in DER. */
export function publicInfoIn(path: string, bytes: Buffer): Uint8Array {
  const text = bytes.toString("latin1");
  try {
    if (text.includes("-----BEGIN PUBLIC KEY-----"))
      return Uint8Array.from(createPublicKey(text).export({ type: "spki", format: "der" }));
  } catch {
    // Said below.
  }
  throw new CliError("cannot-read", `${path}: expected a public key in PEM; openssl pkey -pubout writes one`);
}

/** Undefined where no maker is trusted. A certificate that signed itself is a root; others are believed only below a root. */
export async function readMachineTrust(
  trust: TrustDirectory,
  nodes: readonly MachineNode[],
): Promise<MachineTrust | undefined> {
  const certificates = trust.files("tee-makers").flatMap((file) => readIn(file, makersIn));
  if (certificates.length === 0) return undefined;
  return {
    nodes,
    ...(await rootsAmong(certificates)),
    revocations: trust.files("tee-revocations").map((file) => readIn(file, revocationsIn)),
    collateral: trust.files("tee-collateral").map((file) => readIn(file, collateralIn)),
  };
}

function readIn<T>({ path, bytes }: TrustedFile, read: (bytes: Buffer) => T): T {
  try {
    return read(bytes);
  } catch (fault) {
    if (fault instanceof IsolineError)
      throw new CliError("cannot-read", `${path}: ${fault.message}; see docs/attestation.md for what belongs there`);
    throw fault;
  }
}
