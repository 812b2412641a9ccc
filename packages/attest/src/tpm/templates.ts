/** Public areas of the keys that a node attests with (TCG EK Credential Profile 2.5, annex B; TPM 2.0 Library, part 1, 23). */
import { hexToBytes as hex } from "@noble/hashes/utils.js";
import { objectAttributes as bits } from "./constants.ts";
import type { PublicArea } from "./structures.ts";

const NOTHING = new Uint8Array();

/** PolicySecret of the endorsement hierarchy, with SHA-256: the profile's PolicyA. */
const POLICY_A_SHA256 = hex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa");
/** PolicyB for SHA-384: PolicyOR of PolicySecret and PolicyAuthorizeNV. */
const POLICY_B_SHA384 = hex(
  "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12",
);
const ENDORSEMENT =
  bits.fixedTPM | bits.fixedParent | bits.sensitiveDataOrigin | bits.adminWithPolicy | bits.restricted | bits.decrypt;

/** Template L-1 of the profile: RSA 2048. Its certificate is at 0x01c00002. */
export const endorsementRsa: PublicArea = {
  is: "rsa",
  value: {
    nameAlg: "sha256",
    attributes: ENDORSEMENT,
    authPolicy: POLICY_A_SHA256,
    symmetric: { is: "aes", value: { keyBits: 128, mode: "cfb" } },
    scheme: { is: "null", value: undefined },
    keyBits: 2048,
    exponent: 0,
    unique: new Uint8Array(256),
  },
};

/** Template H-3 of the profile: ECC P-384. Its certificate is at 0x01c00016. */
export const endorsementP384: PublicArea = {
  is: "ecc",
  value: {
    nameAlg: "sha384",
    attributes: ENDORSEMENT | bits.userWithAuth,
    authPolicy: POLICY_B_SHA384,
    symmetric: { is: "aes", value: { keyBits: 256, mode: "cfb" } },
    scheme: { is: "null", value: undefined },
    curve: "p384",
    kdf: "null",
    unique: { x: NOTHING, y: NOTHING },
  },
};

/**
 * A key that signs only what the TPM itself made: restricted, and bound to this TPM. In the endorsement hierarchy, because in the
 * others the TPM hides its counters from a verifier (part 1, 36.7).
 */
export const attestationKey: PublicArea = {
  is: "ecc",
  value: {
    nameAlg: "sha256",
    attributes:
      bits.fixedTPM |
      bits.fixedParent |
      bits.sensitiveDataOrigin |
      bits.userWithAuth |
      bits.noDA |
      bits.restricted |
      bits.sign,
    authPolicy: NOTHING,
    symmetric: { is: "null", value: undefined },
    scheme: { is: "ecdsa", value: { hash: "sha256" } },
    curve: "p256",
    kdf: "null",
    unique: { x: NOTHING, y: NOTHING },
  },
};
