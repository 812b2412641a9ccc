/**
 * The extended attribute `security.ima`: a digest, or a signature over one.
 *
 *   01 ‖ digest[20]                      SHA-1; also MD5, 16 bytes and zeros
 *   04 ‖ u8 algorithm ‖ digest           any algorithm
 *   03 ‖ u8 version ‖ u8 algorithm ‖ key id[4] ‖ u16 length ‖ signature      numbers big endian
 *   06 ‖ the same                        over an fs-verity digest, version 3
 *
 * (security/integrity/integrity.h, enum evm_ima_xattr_type and struct signature_v2_hdr). A value must have exactly the length
 * it states; the kernel accepts longer digests.
 */
import { algorithmByName, algorithmByNumber, type HashAlgorithm } from "../hash-algorithms.ts";

const types = { DIGEST: 0x01, SIGNATURE: 0x03, DIGEST_NG: 0x04, VERITY_SIGNATURE: 0x06 } as const;

export type ImaAttribute =
  | { readonly kind: "digest"; readonly algorithm: HashAlgorithm; readonly digest: Buffer }
  | {
      readonly kind: "signature";
      /** Over the content, or over an fs-verity digest. */
      readonly over: "content" | "verity";
      readonly version: number;
      readonly algorithm: HashAlgorithm;
      /** Four bytes in hexadecimal. */
      readonly keyId: string;
      readonly signature: Buffer;
    }
  /** A signature by its first byte, but not a valid one. */
  | { readonly kind: "malformed-signature"; readonly over: "content" | "verity"; readonly version: number | undefined }
  | { readonly kind: "malformed-digest" }
  | { readonly kind: "unknown" };

/** type, version, algorithm, key id, length. */
const HEADER = 9;

export function readImaAttribute(bytes: Buffer): ImaAttribute {
  switch (bytes[0]) {
    case types.DIGEST:
      return oldDigest(bytes);
    case types.DIGEST_NG: {
      const algorithm = algorithmByNumber(bytes[1] ?? 255);
      if (algorithm === undefined || bytes.length !== 2 + algorithm.size) return { kind: "malformed-digest" };
      return { kind: "digest", algorithm, digest: bytes.subarray(2) };
    }
    case types.SIGNATURE:
      return signature(bytes, "content");
    case types.VERITY_SIGNATURE:
      return signature(bytes, "verity");
    default:
      return { kind: "unknown" };
  }
}

/** Without an algorithm the length decides: 20 bytes are SHA-1, unless the last four are zero (ima_get_hash_algo). */
function oldDigest(bytes: Buffer): ImaAttribute {
  const isMd5 = bytes.length === 17 || (bytes.length === 21 && bytes.readUInt32BE(17) === 0);
  if (!isMd5 && bytes.length !== 21) return { kind: "malformed-digest" };
  const algorithm = algorithmByName(isMd5 ? "md5" : "sha1") as HashAlgorithm;
  return { kind: "digest", algorithm, digest: bytes.subarray(1, 1 + algorithm.size) };
}

function signature(bytes: Buffer, over: "content" | "verity"): ImaAttribute {
  const [, version, number] = bytes;
  const algorithm = algorithmByNumber(number ?? 255);
  if (bytes.length <= HEADER || algorithm === undefined || bytes.readUInt16BE(7) !== bytes.length - HEADER)
    return { kind: "malformed-signature", over, version };
  return {
    kind: "signature",
    over,
    version: version as number,
    algorithm,
    keyId: bytes.toString("hex", 3, 7),
    signature: bytes.subarray(HEADER),
  };
}

/**
 * The algorithm that the kernel assumes for a value, even if the rest of it is invalid; undefined if it uses its default
 * (ima_get_hash_algo).
 */
export function algorithmStated(bytes: Buffer): HashAlgorithm | undefined {
  const [type, version, number = 255] = bytes;
  switch (type) {
    case types.DIGEST_NG:
      return algorithmByNumber(version ?? 255);
    case types.SIGNATURE:
      return version === 2 && bytes.length > HEADER ? algorithmByNumber(number) : undefined;
    case types.VERITY_SIGNATURE:
      return version === 3 && bytes.length > HEADER ? algorithmByNumber(number) : undefined;
    case types.DIGEST: {
      const old = oldDigest(bytes);
      return old.kind === "digest" ? old.algorithm : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether a value is a signature by its first byte, so that measurements carry it. */
export function isSignatureValue(bytes: Buffer): boolean {
  return bytes[0] === types.SIGNATURE || bytes[0] === types.VERITY_SIGNATURE;
}

/** The value with which the kernel's fix mode records this digest. */
export function digestAttribute(algorithm: HashAlgorithm, digest: Buffer): Buffer {
  return algorithm.name === "sha1" || algorithm.name === "md5"
    ? Buffer.concat([Buffer.of(types.DIGEST), digest], 21)
    : Buffer.concat([Buffer.of(types.DIGEST_NG, algorithm.number), digest]);
}
