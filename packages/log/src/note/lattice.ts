/** ML-DSA-44 (FIPS 204), pure and without a context, and its private keys in PEM (RFC 9881, 6). */
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";
import { LogError } from "../error.ts";

/** Lengths in bytes (FIPS 204, table 2). */
export const LATTICE_KEY_BYTES = 1312;
const LATTICE_SIGNATURE_BYTES = 2420;
export const SEED_BYTES = 32;

export interface LatticeKey {
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** The key of a seed of 32 bytes. */
export function latticeKey(seed: Uint8Array): LatticeKey {
  const { publicKey, secretKey } = ml_dsa44.keygen(seed);
  return { publicKey, sign: (message) => ml_dsa44.sign(message, secretKey) };
}

export function latticeVerifies(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === LATTICE_SIGNATURE_BYTES && ml_dsa44.verify(signature, message, publicKey);
}

/** PKCS #8 up to the seed: version, the algorithm 2.16.840.1.101.3.4.3.17, and the seed alone, or the seed before the expanded key. */
const ALGORITHM = "020100300b0609608648016503040311";
const SEED_ALONE = Buffer.from(`3034${ALGORITHM}04228020`, "hex");
const WITH_EXPANDED = Buffer.from(`30820a3e${ALGORITHM}04820a2a30820a260420`, "hex");
const BEFORE_EXPANDED = Buffer.from("04820a00", "hex");

/** The seed of a private key in PEM; undefined if the key is for another algorithm. */
export function latticeSeedIn(pem: string): Uint8Array | undefined {
  const [, encoded = ""] = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(pem) ?? [];
  const der = Buffer.from(encoded, "base64");
  if (!der.subarray(0, 24).includes(Buffer.from(ALGORITHM, "hex"))) return undefined;
  if (startsWith(der, SEED_ALONE) && der.length === SEED_ALONE.length + SEED_BYTES)
    return der.subarray(SEED_ALONE.length);
  const seed = der.subarray(WITH_EXPANDED.length, WITH_EXPANDED.length + SEED_BYTES);
  const { secretKey } = seed.length === SEED_BYTES ? ml_dsa44.keygen(seed) : { secretKey: der };
  if (startsWith(der, WITH_EXPANDED) && der.equals(Buffer.concat([WITH_EXPANDED, seed, BEFORE_EXPANDED, secretKey])))
    return seed;
  throw new LogError(
    "bad-note",
    "expected a private key for ML-DSA-44 with its seed, got one without or a damaged one; make one with: openssl genpkey -algorithm ML-DSA-44",
  );
}

const startsWith = (bytes: Buffer, start: Buffer): boolean => bytes.subarray(0, start.length).equals(start);
