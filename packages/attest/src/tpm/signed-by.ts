/** Signatures of a TPM's keys, checked by WebCrypto, which Node and browsers have. */
import { concatBytes } from "@noble/hashes/utils.js";
import { base64url } from "../x509/index.ts";
import { bad } from "./bytes.ts";
import { hashes, type HashName } from "./constants.ts";
import type { PublicArea, Signature } from "./structures.ts";

const CURVE_NAMES = { p256: "P-256", p384: "P-384", p521: "P-521" } as const;
const COORDINATE_BYTES = { p256: 32, p384: 48, p521: 66 } as const;
const HASH_NAMES = { sha1: "SHA-1", sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" } as const;
/** What an exponent of 0 stands for (part 2, 12.2.3.5). */
const DEFAULT_EXPONENT = 65_537;

type ImportedKey = Parameters<typeof crypto.subtle.verify>[1];
type Schemed = { readonly name: string; readonly [more: string]: unknown };

/** An ECDSA signature by a key on one of the curves above: its two numbers, each as long as a coordinate, one after the other. */
export interface EcdsaSignature {
  /** The area of the key; it is not changed, so what was made of it may be kept by it. */
  readonly area: PublicArea;
  /** The key as a JWK. */
  readonly key: () => Readonly<Record<string, string>>;
  readonly hash: "SHA-256" | "SHA-384" | "SHA-512";
  readonly raw: Uint8Array;
  readonly message: Uint8Array;
}

/** Checks such a signature otherwise than WebCrypto, which needs a promise and a thread for each. Throws where the key is off its curve. */
export type VerifiesEcdsa = (asked: EcdsaSignature) => boolean;

/** Whether a key of a TPM signed these bytes. A SHA-1 signature counts as none: such digests collide. */
export async function isSignedBy(
  area: PublicArea,
  message: Uint8Array,
  signature: Signature,
  verifiesEcdsa?: VerifiesEcdsa,
): Promise<boolean> {
  const { hash } = signature.value;
  if (hash === "sha1") return false;
  if (signature.is === "ecdsa") {
    if (area.is !== "ecc") return false;
    const length = COORDINATE_BYTES[area.value.curve];
    const raw = concatBytes(padded(signature.value.r, length), padded(signature.value.s, length));
    if (verifiesEcdsa !== undefined) return verifiedBy(verifiesEcdsa, { area, hash: HASH_NAMES[hash], raw, message });
    const name = "ECDSA";
    const key = await imported(area, { name, namedCurve: CURVE_NAMES[area.value.curve] });
    return verified({ name, hash: HASH_NAMES[hash] }, key, raw, message);
  }
  if (area.is !== "rsa" || !("signature" in signature.value)) return false;
  const name = signature.is === "rsapss" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
  const key = await imported(area, { name, hash: HASH_NAMES[hash] });
  const proof = signature.value.signature;
  if (signature.is === "rsassa") return verified({ name }, key, proof, message);
  for (const saltLength of saltLengths(area.value.keyBits, hash))
    if (await verified({ name, saltLength }, key, proof, message)) return true;
  return false;
}

/** A TPM uses the longest salt that fits; one that follows FIPS 186-4 uses a salt as long as the digest (part 1, B.7). */
function saltLengths(keyBits: number, hash: HashName): readonly number[] {
  return [Math.ceil((keyBits - 1) / 8) - hashes[hash] - 2, hashes[hash]];
}

function jwkOf(area: PublicArea): Readonly<Record<string, string>> {
  if (area.is === "rsa") {
    const exponent = area.value.exponent || DEFAULT_EXPONENT;
    const bytes = [24, 16, 8, 0].map((shift) => (exponent >>> shift) & 0xff);
    const first = bytes.findIndex((byte) => byte !== 0);
    return { kty: "RSA", n: base64url(area.value.unique), e: base64url(Uint8Array.from(bytes.slice(first))) };
  }
  const { curve, unique } = area.value;
  const [x, y] = [unique.x, unique.y].map((part) => base64url(padded(part, COORDINATE_BYTES[curve])));
  return { kty: "EC", crv: CURVE_NAMES[curve], x: x as string, y: y as string };
}

/**
 * The keys that were imported last, by their areas, which are not changed. A verifier asks a node's key for a quote and for certificates,
 * again each minute.
 */
const keys = new Map<PublicArea, { readonly scheme: string; readonly key: ImportedKey }>();
const MOST_KEYS = 10_000;

async function imported(area: PublicArea, scheme: Schemed): Promise<ImportedKey> {
  const told = JSON.stringify(scheme);
  const known = keys.get(area);
  if (known?.scheme === told) return known.key;
  const key = await importedAnew(area, scheme);
  keys.delete(area);
  keys.set(area, { scheme: told, key });
  if (keys.size > MOST_KEYS) keys.delete(keys.keys().next().value as PublicArea);
  return key;
}

function verifiedBy(verifies: VerifiesEcdsa, asked: Omit<EcdsaSignature, "key">): boolean {
  try {
    return verifies({ ...asked, key: () => jwkOf(asked.area) });
  } catch {
    throw notAKey();
  }
}

async function importedAnew(area: PublicArea, scheme: Schemed): Promise<ImportedKey> {
  const jwk = jwkOf(area);
  try {
    return await crypto.subtle.importKey("jwk", jwk, scheme, false, ["verify"]);
  } catch {
    throw notAKey();
  }
}

const notAKey = () => bad("its public key is no point of its curve, or no RSA key");

function verified(scheme: Schemed, key: ImportedKey, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  return crypto.subtle.verify(scheme, key, Uint8Array.from(signature), Uint8Array.from(message));
}

/** A number of a fixed length. A TPM may leave leading zeros out. */
function padded(bytes: Uint8Array, length: number): Uint8Array {
  const more = bytes.length - length;
  if (bytes.subarray(0, Math.max(more, 0)).some((byte) => byte !== 0))
    throw bad(`expected a number of ${length} bytes, got ${bytes.length}`);
  return more >= 0 ? bytes.subarray(more) : concatBytes(new Uint8Array(-more), bytes);
}
