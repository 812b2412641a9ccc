/**
 * Signatures that are appended to a file, as to kernel modules (scripts/sign-file.c, kernel/module_signature.c,
 * security/integrity/ima/ima_modsig.c):
 *
 *   content ‖ PKCS#7 ‖ u8[2] zero ‖ u8 2 ‖ u8[5] zero ‖ u32 length of PKCS#7, big endian ‖ "~Module signature appended~\n"
 *
 * The PKCS#7 message (RFC 5652, SignedData) is detached and has one signer without signed attributes, which the kernel refuses
 * for modules; its signature is over the content's digest itself. The key that the message names is ignored: every trusted key
 * is tried.
 */
import { algorithmByName, type HashAlgorithm } from "../hash-algorithms.ts";
import { readDer, readSequence, type DerValue } from "./der.ts";
import { hashOf } from "./hash.ts";
import type { Keyring } from "./keyring.ts";
import { isBy } from "./signature.ts";

export interface ModSignature {
  readonly kind: "rsa" | "ec";
  /** Of the digest. */
  readonly algorithm: HashAlgorithm;
  /** Of the content without the appended signature. */
  readonly digest: Buffer;
  readonly signature: Buffer;
  /** The bytes as they stand in the file. */
  readonly pkcs7: Buffer;
}

const MARKER = Buffer.from("~Module signature appended~\n");
/** struct module_signature: algo, hash, id_type (PKEY_ID_PKCS7), signer_len, key_id_len, pad[3], sig_len. */
const HEAD = Buffer.of(0, 0, 2, 0, 0, 0, 0, 0);
const INFO = HEAD.length + 4;
const MOST_BYTES = 1024 * 1024;

/** The signature at the end of a file; undefined if it has none that the kernel would accept. */
export function readModSignature(content: Buffer): ModSignature | undefined {
  const infoAt = content.length - MARKER.length - INFO;
  if (infoAt <= 0 || !content.subarray(-MARKER.length).equals(MARKER)) return undefined;
  const length = content.readUInt32BE(infoAt + HEAD.length);
  const start = infoAt - length;
  if (!content.subarray(infoAt, infoAt + HEAD.length).equals(HEAD) || length > MOST_BYTES || start <= 0)
    return undefined;
  const pkcs7 = content.subarray(start, infoAt);
  const signer = signerIn(pkcs7);
  const digest = signer && hashOf(signer.algorithm, content.subarray(0, start));
  return signer === undefined || digest === undefined ? undefined : { ...signer, digest, pkcs7: Buffer.from(pkcs7) };
}

export function isModSignatureGood({ kind, algorithm, digest, signature }: ModSignature, keys: Keyring): boolean {
  return keys.all().some((key) => key.kind === kind && isBy(key, algorithm, digest, signature));
}

/** RFC 5652, section 4 and 5.1; RFC 8017, appendix A.1. */
const SIGNED_DATA = "06092a864886f70d010702";
const DATA = "06092a864886f70d010701";
const RSA = "06092a864886f70d010101";
/** RFC 5758, section 3.2: ecdsa-with-SHA…; the end of the identifier selects the hash. */
const ECDSA = "06082a8648ce3d0403";
/** RFC 5754, section 2. */
const digests: Readonly<Record<string, string>> = {
  "0609608648016503040201": "sha256",
  "0609608648016503040202": "sha384",
  "0609608648016503040203": "sha512",
};
const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const OCTETS = 0x04;
const KEY_IDENTIFIER = 0x80;
/** `[0]` and `[1]` of SignedData: certificates and revocation lists, which are ignored. */
const CERTIFICATES = [0xa0, 0xa1];

type Signer = Pick<ModSignature, "kind" | "algorithm" | "signature">;

function signerIn(pkcs7: Buffer): Signer | undefined {
  const [type, explicit, ...more] = readSequence(pkcs7) ?? [];
  if (!is(type, SIGNED_DATA) || explicit?.tag !== 0xa0 || more.length > 0) return undefined;
  const parts = readSequence(explicit.content)?.filter(({ tag }) => !CERTIFICATES.includes(tag)) ?? [];
  const [version, algorithms, content, signers] = parts;
  const isShape = version?.tag === INTEGER && algorithms?.tag === SET && signers?.tag === SET && parts.length === 4;
  const [contentType, ...attached] = (content && readSequence(content.whole)) ?? [];
  if (!isShape || !is(contentType, DATA) || attached.length > 0) return undefined;
  const all = readDer(signers.content) ?? [];
  return all.length === 1 && all[0] ? signerOf(all[0]) : undefined;
}

function signerOf(info: DerValue): Signer | undefined {
  const parts = readSequence(info.whole) ?? [];
  const [version, signer, digest, how, signature] = parts;
  const isNamed = signer?.tag === SEQUENCE || signer?.tag === KEY_IDENTIFIER;
  if (version?.tag !== INTEGER || !isNamed || signature?.tag !== OCTETS || parts.length !== 5) return undefined;
  const algorithm = algorithmByName(digests[oidOf(digest)] ?? "");
  const oid = oidOf(how);
  const kind = oid === RSA ? "rsa" : oid.startsWith(ECDSA) ? "ec" : undefined;
  return algorithm && kind && { kind, algorithm, signature: Buffer.from(signature.content) };
}

function is(value: DerValue | undefined, whole: string): boolean {
  return value?.whole.toString("hex") === whole;
}

/** The OID of an AlgorithmIdentifier, with tag and length, in hexadecimal; "" if it has none. */
function oidOf(identifier: DerValue | undefined): string {
  return (identifier && readSequence(identifier.whole)?.[0]?.whole.toString("hex")) ?? "";
}
