/**
 * Keys of signed notes (c2sp.org/signed-note, c2sp.org/tlog-cosignature): Ed25519 for a log (type 1), and Ed25519 (type 4) or ML-DSA-44
 * (type 6) for a witness, whose signature carries a time.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { LogError } from "../error.ts";
import { fromBase64 } from "./base64.ts";
import { cosignedText, cosignedTree } from "./cosigned.ts";
import { LATTICE_KEY_BYTES, latticeKey, latticeVerifies, SEED_BYTES } from "./lattice.ts";

export type Signer = "log" | "witness";
export type Algorithm = "ed25519" | "ml-dsa-44";

interface Kind {
  readonly signer: Signer;
  readonly algorithm: Algorithm;
  /** The byte before the public key. */
  readonly type: number;
  /** The length of the public key. */
  readonly bytes: number;
}

const kinds: readonly Kind[] = [
  { signer: "log", algorithm: "ed25519", type: 1, bytes: 32 },
  { signer: "witness", algorithm: "ed25519", type: 4, bytes: 32 },
  { signer: "witness", algorithm: "ml-dsa-44", type: 6, bytes: LATTICE_KEY_BYTES },
];

const ID_BYTES = 4;
const TIME_BYTES = 8;
/** DER before 32 bytes of an Ed25519 key: SubjectPublicKeyInfo and PKCS #8 (RFC 8410, 4 and 7). */
const PUBLIC_DER = Buffer.from("302a300506032b6570032100", "hex");
const PRIVATE_DER = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key that a verifier knows. */
export interface VerifierKey {
  readonly name: string;
  readonly signer: Signer;
  readonly algorithm: Algorithm;
  /** The first four bytes of SHA-256( name ‖ "\n" ‖ type ‖ public key ), in lower-case hexadecimal. */
  readonly id: string;
  /** 32 bytes (RFC 8032), or 1312 (FIPS 204). */
  readonly publicKey: Uint8Array;
}

/** A key that signs. */
export interface SignerKey extends VerifierKey {
  /** Signs bytes as they are. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

export interface Ed25519Key extends SignerKey {
  readonly secret: KeyObject;
}

/** Reads `NAME+ID+BASE64`; refuses any key that such a signer cannot have. */
export function parseVerifierKey(text: string, signer: Signer): VerifierKey {
  const [, name = "", id = "", encoded = ""] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text) ?? [];
  const key = fromBase64(encoded);
  const kind = kinds.find(
    ({ type, bytes, signer: each }) => each === signer && key?.[0] === type && key.length === 1 + bytes,
  );
  if (name === "" || key === undefined || kind === undefined)
    throw badKey(`NAME+ID+KEY with the key of a ${signer} (${namesOf(signer)})`, text);
  const known = verifierKey(name, kind, key.subarray(1));
  if (known.id !== id) throw badKey(`the id ${known.id}`, text);
  return known;
}

/** The form that `parseVerifierKey` reads. */
export function formatVerifierKey(key: VerifierKey): string {
  const { name, id, publicKey } = key;
  return `${name}+${id}+${Buffer.concat([Uint8Array.of(kindOf(key).type), publicKey]).toString("base64")}`;
}

/** A new Ed25519 key, or the one of a seed of 32 bytes. */
export function signerKey(name: string, signer: Signer, seed: Uint8Array = randomBytes(SEED_BYTES)): Ed25519Key {
  const secret = createPrivateKey({ key: Buffer.concat([PRIVATE_DER, seed]), format: "der", type: "pkcs8" });
  return signerKeyOf(name, signer, secret);
}

/** An Ed25519 key, under the name that its signatures carry. */
export function signerKeyOf(name: string, signer: Signer, secret: KeyObject): Ed25519Key {
  if (secret.asymmetricKeyType !== "ed25519") throw badKey("an Ed25519 key", String(secret.asymmetricKeyType));
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  const known = verifierKey(named(name), kindOf({ signer, algorithm: "ed25519" }), spki.subarray(PUBLIC_DER.length));
  return { ...known, secret, sign: (message) => sign(null, message, secret) };
}

/** A new ML-DSA-44 key of a witness, or the one of a seed of 32 bytes. */
export function latticeWitness(name: string, seed: Uint8Array = randomBytes(SEED_BYTES)): SignerKey {
  const { publicKey, sign: signBytes } = latticeKey(seed);
  return {
    ...verifierKey(named(name), kindOf({ signer: "witness", algorithm: "ml-dsa-44" }), publicKey),
    sign: signBytes,
  };
}

/** The signature of a note's text: for a witness at this time, in seconds since 1970. */
export function signText(key: SignerKey, text: string, seconds = 0): Uint8Array {
  if (key.signer === "log") return key.sign(Buffer.from(text));
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(seconds));
  return Buffer.concat([time, key.sign(cosignedBy(key, text, BigInt(seconds)))]);
}

/** Whether a key signed a note's text; for a witness, when. */
export function verifyText(
  key: VerifierKey,
  text: string,
  signature: Uint8Array,
): { readonly seconds: number | undefined } | undefined {
  if (key.signer === "log") return verifies(key, Buffer.from(text), signature) ? { seconds: undefined } : undefined;
  if (signature.length <= TIME_BYTES) return undefined;
  const seconds = Buffer.from(signature).readBigUInt64BE(0);
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const message = cosignedBy(key, text, seconds);
  return verifies(key, message, signature.subarray(TIME_BYTES)) ? { seconds: Number(seconds) } : undefined;
}

function cosignedBy({ algorithm, name }: VerifierKey, text: string, seconds: bigint): Uint8Array {
  return algorithm === "ml-dsa-44" ? cosignedTree(name, text, seconds) : cosignedText(text, seconds);
}

function verifies({ algorithm, publicKey }: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (algorithm === "ml-dsa-44") return latticeVerifies(publicKey, message, signature);
  const key = createPublicKey({ key: Buffer.concat([PUBLIC_DER, publicKey]), ...{ format: "der", type: "spki" } });
  return verify(null, message, key, signature);
}

function verifierKey(name: string, { signer, algorithm, type }: Kind, publicKey: Uint8Array): VerifierKey {
  const hash = createHash("sha256").update(`${name}\n`).update(Uint8Array.of(type)).update(publicKey);
  return { name, signer, algorithm, publicKey, id: hash.digest().subarray(0, ID_BYTES).toString("hex") };
}

function kindOf({ signer, algorithm }: Pick<Kind, "signer" | "algorithm">): Kind {
  const kind = kinds.find((each) => each.signer === signer && each.algorithm === algorithm);
  if (kind === undefined) throw badKey(`a key of a ${signer} (${namesOf(signer)})`, algorithm);
  return kind;
}

function named(name: string): string {
  if (!/^[^+\s]+$/u.test(name)) throw badKey("a name without spaces and plus signs", name);
  return name;
}

const namesOf = (signer: Signer): string =>
  kinds
    .filter((kind) => kind.signer === signer)
    .map(({ algorithm, type }) => `${algorithm}, type ${type}`)
    .join("; ");

function badKey(expected: string, got: string): LogError {
  return new LogError("bad-note", `expected ${expected}, got ${JSON.stringify(got.slice(0, 120))}; copy the key again`);
}
