/** The keys that a verifier trusts to sign contours and policies. */
import { publicKey, type TrustedKey } from "../../store/signature/keys.ts";
import type { TrustDirectory } from "./directory.ts";

/** Every key of a section; none where the section is missing. Refuses a file that is not a public key of a kind that signs contours. */
export function readSigners(
  trust: TrustDirectory,
  section: "contour-signers" | "policy-signers",
): readonly TrustedKey[] {
  return trust.files(section).map(({ name, bytes }) => {
    const key = { name, pem: bytes.toString("latin1") };
    publicKey(key);
    return key;
  });
}
