/** Public keys for WebCrypto: Ed25519 (RFC 8032) or ECDSA on P-256, as SubjectPublicKeyInfo in PEM (RFC 7468, 13). */
import { IsolineError } from "../error.ts";
import { fromBase64, toHex } from "./bytes.ts";

/** A trusted key. */
export interface TrustedKey {
  /** Its name in results and messages. */
  readonly name: string;
  readonly pem: string;
}

const PEM = /^\s*-----BEGIN PUBLIC KEY-----\s([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/;
/** The first bytes of the encoding of such a key: RFC 8410, 4, and RFC 5480, 2.1.1.1. */
const ED25519 = "302a300506032b6570032100";
const P256 = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/** Tells whether a signature over bytes was made by this key. */
export type Verifier = (signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>) => Promise<boolean>;

export async function verifierOf({ name, pem }: TrustedKey): Promise<Verifier> {
  const der = fromBase64(PEM.exec(pem)?.[1]?.replace(/\s/g, ""));
  const start = der === undefined ? "" : toHex(der);
  if (der !== undefined && start.startsWith(ED25519)) return ed25519(der);
  if (der !== undefined && start.startsWith(P256)) return p256(der);
  throw new IsolineError(
    "bad-signing-key",
    `${name}: expected a public key for Ed25519 or ECDSA on P-256 in PEM (BEGIN PUBLIC KEY), got something else; openssl pkey -in KEY -pubout writes it`,
  );
}

/** WebCrypto; the platform is used only to check signatures. */
function subtle() {
  // oxlint-disable-next-line no-restricted-globals
  return crypto.subtle;
}

async function ed25519(der: Uint8Array<ArrayBuffer>): Promise<Verifier> {
  const key = await subtle().importKey("spki", der, { name: "Ed25519" }, false, ["verify"]);
  return (signature, signed) => subtle().verify({ name: "Ed25519" }, key, signature, signed);
}

async function p256(der: Uint8Array<ArrayBuffer>): Promise<Verifier> {
  const key = await subtle().importKey("spki", der, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  return async (signature, signed) => {
    const raw = rawSignature(signature);
    return raw !== undefined && (await subtle().verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, signed));
  };
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const HALF = 32;

/** r and s in WebCrypto's form, 32 bytes each, from the DER of a signature; undefined for other bytes. */
function rawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) return undefined;
  const raw = new Uint8Array(2 * HALF);
  let at = 2;
  for (const end of [HALF, 2 * HALF]) {
    const length = der[at + 1] ?? 0;
    const number = withoutZeros(der.subarray(at + 2, at + 2 + length));
    if (der[at] !== INTEGER || length === 0 || at + 2 + length > der.length || number.length > HALF) return undefined;
    raw.set(number, end - number.length);
    at += 2 + length;
  }
  return at === der.length ? raw : undefined;
}

function withoutZeros(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0);
  return first < 0 ? number.subarray(0, 0) : number.subarray(first);
}
