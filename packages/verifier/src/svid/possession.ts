/** That the caller has a private key: of an SVID, or of a node without a TPM. The key signs what is asked for. */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { VerifierError } from "../error.ts";

const CURVES: ReadonlySet<unknown> = new Set(["prime256v1", "secp384r1"]);

/** Whose key it is, in words: "of the SVID", "of the node". */
type Whose = "of the SVID" | "of the node";

/** The same bytes. Refuses with `bad-request` what is not the one encoding of a key for ECDSA on P-256 or P-384. */
export function assertUsableKey(spki: Uint8Array, whose: Whose): Uint8Array {
  usableKey(spki, whose);
  return spki;
}

/** The key, as it will stand in a certificate. Refuses with `bad-request` an unusable key, and a proof that this key did not make. */
export function possessedKey(
  spki: Uint8Array,
  statement: Uint8Array,
  proof: Uint8Array,
  whose: Whose = "of the SVID",
): Uint8Array {
  const key = usableKey(spki, whose);
  if (!isProof(key, statement, proof))
    throw refused(
      `a signature by the key ${whose}, over what docs/spec/${whose === "of the node" ? "tee" : "svid"}.md says`,
      whose,
    );
  return spki;
}

function usableKey(spki: Uint8Array, whose: Whose): KeyObject {
  const key = keyIn(spki);
  if (key !== undefined && key.export({ type: "spki", format: "der" }).equals(spki)) return key;
  throw refused("a key for ECDSA on P-256 or P-384, as SubjectPublicKeyInfo in DER with a named curve", whose);
}

function keyIn(spki: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), type: "spki", format: "der" });
    return CURVES.has(key.asymmetricKeyDetails?.namedCurve) ? key : undefined;
  } catch {
    return undefined;
  }
}

function isProof(key: KeyObject, statement: Uint8Array, proof: Uint8Array): boolean {
  try {
    return verify("sha256", statement, key, proof);
  } catch {
    return false;
  }
}

const refused = (expected: string, whose: Whose) =>
  new VerifierError(
    "bad-request",
    `expected ${expected}, got something else; ask anew with isoline fleet ${whose === "of the node" ? "join --tee" : "svid"}`,
  );
