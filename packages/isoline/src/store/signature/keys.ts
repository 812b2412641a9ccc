/** Keys that contours are signed with: Ed25519 (RFC 8032) or ECDSA on P-256, in PEM. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { IsolineError } from "@isoline/core/error";
import { readBounded, Unfit } from "../bounded-file.ts";

/** A trusted key, as plain data. */
export interface TrustedKey {
  /** The file it was read from. */
  readonly name: string;
  /** SubjectPublicKeyInfo (RFC 7468, 13). */
  readonly pem: string;
}

const MOST_BYTES = 64 * 1024;
const ADVICE = "make one with: openssl genpkey -algorithm ed25519";

export function readTrustedKey(path: string): TrustedKey {
  const pem = readText(path);
  // A private key would work as well, and would then be stored where only the public key is needed.
  if (!pem.includes("-----BEGIN PUBLIC KEY-----"))
    throw bad(path, "a public key in PEM (BEGIN PUBLIC KEY)", "openssl pkey -in KEY -pubout writes it");
  publicKey({ name: path, pem });
  return { name: path, pem };
}

export function publicKey({ name, pem }: TrustedKey): KeyObject {
  try {
    return fit(createPublicKey(pem), name);
  } catch (fault) {
    if (fault instanceof IsolineError) throw fault;
    throw bad(name, "a public key in PEM", "openssl pkey -in KEY -pubout writes it", fault);
  }
}

export function readSigningKey(path: string): KeyObject {
  const pem = readText(path);
  if (pem.includes("ENCRYPTED")) throw bad(path, "a private key that is not encrypted", "openssl pkey decrypts it");
  try {
    return fit(createPrivateKey(pem), path);
  } catch (fault) {
    if (fault instanceof IsolineError) throw fault;
    throw bad(path, "a private key in PEM", ADVICE, fault);
  }
}

function fit(key: KeyObject, path: string): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "ed25519" || (type === "ec" && details?.namedCurve === "prime256v1")) return key;
  throw bad(path, `a key for Ed25519 or ECDSA on P-256, got one for ${details?.namedCurve ?? type}`, ADVICE);
}

function readText(path: string): string {
  const bytes = readBounded(path, MOST_BYTES, "follow");
  if (bytes instanceof Unfit)
    throw new IsolineError("bad-signing-key", `${path}: expected a key in PEM, found ${bytes.found}`);
  return bytes.toString("latin1");
}

function bad(path: string, expected: string, advice: string, cause?: unknown): IsolineError {
  return new IsolineError("bad-signing-key", `${path}: expected ${expected}; ${advice}`, { cause });
}
