/**
 * Keys and signatures of certificates: RSA-PSS, and ECDSA on P-256 and P-384. WebCrypto checks them, so that this runs in a browser
 * as well as in Node.
 */
import { concatenated } from "./bytes.ts";
import { bad, context, DerReader, type Element, oidOf, only, smallInteger, tags } from "./der.ts";

export type Hash = "SHA-256" | "SHA-384" | "SHA-512";
export type Curve = "P-256" | "P-384";

/** A public key: SubjectPublicKeyInfo in DER, and what it can do. */
export interface PublicKey {
  readonly is: "RSA" | Curve;
  readonly der: Uint8Array<ArrayBuffer>;
}

/** How a signature was made. */
export type SignatureScheme =
  | { readonly is: "RSA-PSS"; readonly hash: Hash; readonly saltLength: number }
  | { readonly is: "ECDSA"; readonly hash: Hash };

/** RFC 8017, appendix C; RFC 5480, 2.1.1. */
const RSA = "1.2.840.113549.1.1.1";
const RSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";
const EC = "1.2.840.10045.2.1";
const CURVES: Readonly<Record<string, Curve>> = { "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384" };
/** RFC 5758, 3.2. */
const ECDSA: Readonly<Record<string, Hash>> = {
  "1.2.840.10045.4.3.2": "SHA-256",
  "1.2.840.10045.4.3.3": "SHA-384",
  "1.2.840.10045.4.3.4": "SHA-512",
};
/** RFC 4055, 2.1. SHA-1, the default of RSA-PSS, is not accepted. */
const HASHES: Readonly<Record<string, Hash>> = {
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};

/** Bytes of one of the two numbers of a signature. */
const HALF: Readonly<Record<Curve, number>> = { "P-256": 32, "P-384": 48 };

/** WebCrypto; the platform is used only for digests and to check signatures. */
export function subtle() {
  // oxlint-disable-next-line no-restricted-globals
  return crypto.subtle;
}

export function publicKeyIn(info: Element): PublicKey {
  const reader = new DerReader(info.content);
  const algorithm = reader.inside(tags.sequence, "algorithm of a key");
  reader.take(tags.bitString, "key");
  reader.end("key");
  const oid = oidOf(algorithm.take(tags.oid, "algorithm of a key"), "algorithm of a key");
  const der = concatenated(info.whole);
  if (oid === RSA) return { is: "RSA", der };
  const curve = oid === EC ? CURVES[oidOf(algorithm.take(tags.oid, "curve"), "curve")] : undefined;
  if (curve === undefined) throw bad(`expected a key for RSA or on P-256 or P-384, got one for ${oid}`);
  return { is: curve, der };
}

/** The key of a SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7). Refuses any other bytes. */
export function keyOfInfo(info: Uint8Array): PublicKey {
  return publicKeyIn(only(info, tags.sequence, "key"));
}

/** A key on a curve from its two coordinates, big-endian. */
export function keyOfPoint(curve: Curve, point: Uint8Array): PublicKey {
  const prefix = { "P-256": P256_PREFIX, "P-384": P384_PREFIX }[curve];
  return { is: curve, der: concatenated(Uint8Array.from(prefix), point) };
}

/** SubjectPublicKeyInfo up to the coordinates of an uncompressed point (RFC 5480, 2). */
const P256_PREFIX = [
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
  0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const P384_PREFIX = [
  0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
  0x22, 0x03, 0x62, 0x00, 0x04,
];

export function schemeIn(algorithm: Element): SignatureScheme {
  const reader = new DerReader(algorithm.content);
  const oid = oidOf(reader.take(tags.oid, "algorithm of a signature"), "algorithm of a signature");
  const hash = ECDSA[oid];
  if (hash !== undefined) return { is: "ECDSA", hash };
  if (oid === RSA_PSS) return pssIn(reader.inside(tags.sequence, "parameters of RSA-PSS"));
  throw bad(`expected a signature by RSA-PSS or ECDSA, got one by ${oid}`);
}

/** RSASSA-PSS-params (RFC 4055, 3.1): the same hash twice, and the length of the salt. */
function pssIn(parameters: DerReader): SignatureScheme {
  const what = "parameters of RSA-PSS";
  const hash = hashIn(parameters.inside(context(0), what).inside(tags.sequence, what));
  const mask = parameters.inside(context(1), what).inside(tags.sequence, what);
  const isMgf1 = oidOf(mask.take(tags.oid, what), what) === MGF1;
  if (!isMgf1 || hashIn(mask.inside(tags.sequence, what)) !== hash)
    throw bad(`${what}: expected MGF1 of the same hash`);
  const saltLength = smallInteger(only(parameters.take(context(2), what).content, tags.integer, what), what);
  return { is: "RSA-PSS", hash, saltLength };
}

function hashIn(reader: DerReader): Hash {
  const oid = oidOf(reader.take(tags.oid, "hash"), "hash");
  const hash = HASHES[oid];
  if (hash === undefined) throw bad(`expected SHA-256, SHA-384 or SHA-512, got ${oid}`);
  return hash;
}

/** Tells whether a key made this signature, which is in the form that certificates have. */
export async function isSignedBy(
  key: PublicKey,
  scheme: SignatureScheme,
  signature: Uint8Array,
  signed: Uint8Array,
): Promise<boolean> {
  if ((scheme.is === "RSA-PSS") !== (key.is === "RSA")) return false;
  if (key.is !== "RSA") {
    const raw = rawSignature(signature, HALF[key.is]);
    return raw !== undefined && isSignedRaw(key, scheme.hash, raw, signed);
  }
  if (scheme.is !== "RSA-PSS") return false;
  return withKey(key, { name: "RSA-PSS", hash: scheme.hash }, (imported) =>
    subtle().verify(
      { name: "RSA-PSS", saltLength: scheme.saltLength },
      imported,
      concatenated(signature),
      concatenated(signed),
    ),
  );
}

/** The same for ECDSA, with the two numbers of the signature big-endian, one behind the other. */
export async function isSignedRaw(
  key: PublicKey,
  hash: Hash,
  signature: Uint8Array,
  signed: Uint8Array,
): Promise<boolean> {
  if (key.is === "RSA" || signature.length !== 2 * HALF[key.is]) return false;
  return withKey(key, { name: "ECDSA", namedCurve: key.is }, (imported) =>
    subtle().verify({ name: "ECDSA", hash }, imported, concatenated(signature), concatenated(signed)),
  );
}

type ImportedKey = Awaited<ReturnType<ReturnType<typeof subtle>["importKey"]>>;
type KeyAlgorithm =
  | { readonly name: "RSA-PSS"; readonly hash: Hash }
  | { readonly name: "ECDSA"; readonly namedCurve: Curve };

/** A key that WebCrypto does not take, such as a point that is not on its curve, has signed nothing. */
async function withKey(
  key: PublicKey,
  algorithm: KeyAlgorithm,
  check: (imported: ImportedKey) => Promise<boolean>,
): Promise<boolean> {
  try {
    return await check(await subtle().importKey("spki", key.der, algorithm, false, ["verify"]));
  } catch {
    return false;
  }
}

/** r and s in equal halves, from the DER of a signature (RFC 3279, 2.2.3); undefined for other bytes. */
function rawSignature(der: Uint8Array, half: number): Uint8Array | undefined {
  const numbers = new DerReader(only(der, tags.sequence, "signature").content);
  const parts = [0, 1].map(() => {
    const { content } = numbers.take(tags.integer, "signature");
    const number = content[0] === 0 ? content.subarray(1) : content;
    if (number.length > half) return undefined;
    const padded = new Uint8Array(half);
    padded.set(number, half - number.length);
    return padded;
  });
  numbers.end("signature");
  const [r, s] = parts;
  return r === undefined || s === undefined ? undefined : concatenated(r, s);
}
