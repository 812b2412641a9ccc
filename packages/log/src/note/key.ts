/**
 * Keys of signed notes (c2sp.org/signed-note, c2sp.org/tlog-cosignature): Ed25519, for a log (type 1) or for a witness, whose
 * signature carries a time (type 4).
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { LogError } from "../error.ts";
import { fromBase64 } from "./base64.ts";

/** The byte before the public key, by what the key signs. */
export const signatureTypes = { log: 1, witness: 4 } as const;
export type Signer = keyof typeof signatureTypes;

const KEY_BYTES = 32;
const ID_BYTES = 4;
const TIME_BYTES = 8;
/** DER before 32 bytes of an Ed25519 key: SubjectPublicKeyInfo and PKCS #8 (RFC 8410, 4 and 7). */
const PUBLIC_DER = Buffer.from("302a300506032b6570032100", "hex");
const PRIVATE_DER = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key that a verifier knows. */
export interface VerifierKey {
  readonly name: string;
  readonly signer: Signer;
  /** The first four bytes of SHA-256( name ‖ "\n" ‖ type ‖ public key ), in lower-case hexadecimal. */
  readonly id: string;
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
}

/** A key that signs. */
export interface SignerKey extends VerifierKey {
  readonly secret: KeyObject;
}

/** Reads `NAME+ID+BASE64`; refuses any key that is not Ed25519 of the type that is asked for. */
export function parseVerifierKey(text: string, signer: Signer): VerifierKey {
  const [, name = "", id = "", encoded = ""] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text) ?? [];
  const key = fromBase64(encoded);
  if (name === "" || key?.length !== 1 + KEY_BYTES || key[0] !== signatureTypes[signer])
    throw badKey(`NAME+ID+KEY with an Ed25519 key of a ${signer} (type ${signatureTypes[signer]})`, text);
  const known = verifierKey(name, signer, key.subarray(1));
  if (known.id !== id) throw badKey(`the id ${known.id}`, text);
  return known;
}

/** The form that `parseVerifierKey` reads. */
export function formatVerifierKey({ name, id, signer, publicKey }: VerifierKey): string {
  return `${name}+${id}+${Buffer.concat([Uint8Array.of(signatureTypes[signer]), publicKey]).toString("base64")}`;
}

/** A new key, or the one of a seed of 32 bytes. */
export function signerKey(name: string, signer: Signer, seed: Uint8Array = randomBytes(KEY_BYTES)): SignerKey {
  const secret = createPrivateKey({ key: Buffer.concat([PRIVATE_DER, seed]), format: "der", type: "pkcs8" });
  return signerKeyOf(name, signer, secret);
}

/** An Ed25519 key, under the name that its signatures carry. */
export function signerKeyOf(name: string, signer: Signer, secret: KeyObject): SignerKey {
  if (!/^[^+\s]+$/u.test(name)) throw badKey("a name without spaces and plus signs", name);
  if (secret.asymmetricKeyType !== "ed25519") throw badKey("an Ed25519 key", String(secret.asymmetricKeyType));
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  return { ...verifierKey(name, signer, spki.subarray(PUBLIC_DER.length)), secret };
}

/** The signature of a note's text: for a witness at this time, in seconds since 1970. */
export function signText(key: SignerKey, text: string, seconds = 0): Uint8Array {
  if (key.signer === "log") return sign(null, Buffer.from(text), key.secret);
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(seconds));
  return Buffer.concat([time, sign(null, Buffer.from(cosigned(text, BigInt(seconds))), key.secret)]);
}

/** Whether a key signed a note's text; for a witness, when. */
export function verifyText(
  key: VerifierKey,
  text: string,
  signature: Uint8Array,
): { readonly seconds: number | undefined } | undefined {
  const publicKey = createPublicKey({
    key: Buffer.concat([PUBLIC_DER, key.publicKey]),
    ...{ format: "der", type: "spki" },
  });
  if (key.signer === "log")
    return verify(null, Buffer.from(text), publicKey, signature) ? { seconds: undefined } : undefined;
  if (signature.length <= TIME_BYTES) return undefined;
  const seconds = Buffer.from(signature).readBigUInt64BE(0);
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const isGood = verify(null, Buffer.from(cosigned(text, seconds)), publicKey, signature.subarray(TIME_BYTES));
  return isGood ? { seconds: Number(seconds) } : undefined;
}

/** What a witness signs (c2sp.org/tlog-cosignature, Ed25519). */
const cosigned = (text: string, seconds: bigint): string => `cosignature/v1\ntime ${seconds}\n${text}`;

function verifierKey(name: string, signer: Signer, publicKey: Uint8Array): VerifierKey {
  const hash = createHash("sha256").update(`${name}\n`).update(Uint8Array.of(signatureTypes[signer])).update(publicKey);
  return { name, signer, publicKey, id: hash.digest().subarray(0, ID_BYTES).toString("hex") };
}

function badKey(expected: string, got: string): LogError {
  return new LogError("bad-note", `expected ${expected}, got ${JSON.stringify(got.slice(0, 120))}; copy the key again`);
}
