/** The key that a verifier signs its results with. */
import { webcrypto } from "node:crypto";
import type { EarAlgorithm } from "@isoline/attest/appraise";
import { readSigningKey } from "../store/signature/keys.ts";

export interface EarKey {
  readonly key: webcrypto.CryptoKey;
  readonly algorithm: EarAlgorithm;
}

/** A private key in PEM, for Ed25519 or ECDSA on P-256. */
export async function readEarKey(path: string): Promise<EarKey> {
  const read = readSigningKey(path);
  const isEd25519 = read.asymmetricKeyType === "ed25519";
  const how = isEd25519 ? "Ed25519" : { name: "ECDSA", namedCurve: "P-256" };
  const der = read.export({ type: "pkcs8", format: "der" });
  const key = await webcrypto.subtle.importKey("pkcs8", der, how, false, ["sign"]);
  return { key, algorithm: isEd25519 ? "EdDSA" : "ES256" };
}
