/**
 * Checks whether a signature in `security.ima` was made by a key over a file's digest.
 *
 * Version 2 signs the digest itself: RSA PKCS#1 v1.5 with its DigestInfo, or ECDSA. Version 3 signs the digest of `type ‖
 * algorithm ‖ digest`, so that a signature over an fs-verity digest is not valid over a file's
 * (security/integrity/ima/ima_appraise.c, calc_file_id_hash).
 */
import { constants, createHash, publicDecrypt } from "node:crypto";
import type { HashAlgorithm } from "../hash-algorithms.ts";
import type { ImaAttribute } from "./attribute.ts";
import { verifyEcdsa } from "./ecdsa.ts";
import type { Keyring, VerifyingKey } from "./keyring.ts";

export type ImaSignature = Extract<ImaAttribute, { kind: "signature" }>;

/** RFC 8017, section 9.2, note 1, and its references: the bytes before the digest. */
const digestInfo: Readonly<Record<string, string>> = {
  sha1: "3021300906052b0e03021a05000414",
  sha224: "302d300d06096086480165030402040500041c",
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
  "sha3-256": "3031300d060960864801650304020805000420",
  "sha3-384": "3041300d060960864801650304020905000430",
  "sha3-512": "3051300d060960864801650304020a05000440",
};

export type SignatureVerdict = "good" | "bad" | "no-key";

/** Checks a signature over a digest of its own algorithm. */
export function verifyImaSignature(signature: ImaSignature, digest: Buffer, keys: Keyring): SignatureVerdict {
  const { algorithm } = signature;
  const candidates = keys.find(signature.keyId);
  if (candidates.length === 0) return "no-key";
  const signed = signedDigest(signature, digest);
  if (signed === undefined || digest.length !== algorithm.size) return "bad";
  return candidates.some((key) => isBy(key, algorithm, signed, signature.signature)) ? "good" : "bad";
}

function signedDigest({ version, over, algorithm }: ImaSignature, digest: Buffer): Buffer | undefined {
  if (version === 2) return digest;
  if (version !== 3 || algorithm.node === undefined) return undefined;
  const type = over === "verity" ? 0x06 : 0x03;
  return createHash(algorithm.node).update(Buffer.of(type, algorithm.number)).update(digest).digest();
}

/** Whether a signature over a digest was made by a key. */
export function isBy(key: VerifyingKey, algorithm: HashAlgorithm, digest: Buffer, signature: Buffer): boolean {
  if (key.kind === "ec") return verifyEcdsa(key.key, digest, signature);
  const prefix = digestInfo[algorithm.name];
  if (prefix === undefined || signature.length !== key.size) return false;
  try {
    const padding = constants.RSA_PKCS1_PADDING;
    const encoded = publicDecrypt({ key: key.key, padding }, signature);
    return encoded.equals(Buffer.concat([Buffer.from(prefix, "hex"), digest]));
  } catch {
    // The padding is wrong, or the number is not below the modulus.
    return false;
  }
}
