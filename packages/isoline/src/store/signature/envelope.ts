/** Making signatures around a payload (DSSE), and verifying them with the keys of this machine; their form is the core's. */
import { type KeyObject, sign, verify } from "node:crypto";
import { type Envelope, preAuthenticated } from "@isoline/core/verify";

export function signEnvelope(payloadType: string, payload: Uint8Array, key: KeyObject): string {
  const sig = sign(digestFor(key), preAuthenticated(payloadType, payload), key).toString("base64");
  return `${JSON.stringify({ payloadType, payload: Buffer.from(payload).toString("base64"), signatures: [{ sig }] })}\n`;
}

/** Whether one of the signatures was made by this key. */
export function isSignedBy({ payloadType, payload, signatures }: Envelope, key: KeyObject): boolean {
  const signed = preAuthenticated(payloadType, payload);
  return signatures.some((each) => {
    try {
      return verify(digestFor(key), signed, key, each);
    } catch {
      return false;
    }
  });
}

/** Ed25519 hashes by itself; ECDSA on P-256 is with SHA-256, its signatures in DER. */
function digestFor({ asymmetricKeyType }: KeyObject): "sha256" | null {
  return asymmetricKeyType === "ed25519" ? null : "sha256";
}
