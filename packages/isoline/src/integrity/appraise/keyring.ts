/**
 * The keys with which a namespace's signatures are checked, by the ids that signatures contain.
 *
 * The id is the last four bytes of the certificate's subject key identifier, by which the kernel looks a key up
 * (security/integrity/digsig_asymmetric.c). For a bare key, and a certificate without one, it is the last four bytes of SHA-1
 * over the PKCS#1 RSAPublicKey or the uncompressed point, which is how such an identifier is usually computed (RFC 5280,
 * section 4.2.1.2).
 */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { CliError } from "../../error.ts";
import { readDer, readSequence } from "./der.ts";
import { type EcKey, isCurve } from "./ecdsa.ts";

/** A public key that can check signatures. */
export type VerifyingKey = {
  /** Four bytes, in hexadecimal. */
  readonly id: string;
  /** The loaded bytes: a certificate, or a public key, in DER. */
  readonly der: Buffer;
} & (
  | { readonly kind: "rsa"; readonly key: KeyObject /** Bytes of the modulus. */; readonly size: number }
  | { readonly kind: "ec"; readonly key: EcKey }
);

export class Keyring {
  readonly #keys = new Map<string, VerifyingKey[]>();

  constructor(keys: readonly VerifyingKey[] = []) {
    for (const key of keys) this.#keys.set(key.id, [...(this.#keys.get(key.id) ?? []), key]);
  }

  get size(): number {
    return this.all().length;
  }

  /** Keys with an id; ids are short, so there may be several. */
  find(id: string): readonly VerifyingKey[] {
    return this.#keys.get(id) ?? [];
  }

  all(): readonly VerifyingKey[] {
    return [...this.#keys.values()].flat();
  }
}

const MAX_KEY_BYTES = 64 * 1024;

/** Reads a certificate or a public key, DER or PEM. `from` is its source, for error messages. */
export function readVerifyingKey(bytes: Buffer, from: string): VerifyingKey {
  const refuse = (got: string) =>
    new CliError(
      "bad-ima-key",
      `${from}: expected a certificate or an RSA or ECDSA public key, in DER or PEM; got ${got}`,
    );
  if (bytes.length > MAX_KEY_BYTES) throw refuse(`${bytes.length} bytes`);
  const der = fromPem(bytes) ?? bytes;
  const certificate = certificateIn(der);
  const key = certificate?.publicKey ?? publicKeyIn(der);
  if (key === undefined) throw refuse(bytes.length === 0 ? "nothing" : "something else");
  const identifier = certificate === undefined ? undefined : subjectKeyIdentifier(der);
  switch (key.asymmetricKeyType) {
    case "rsa": {
      const pkcs1 = key.export({ type: "pkcs1", format: "der" });
      const size = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
      return { kind: "rsa", key, size, der, id: idOf(identifier ?? sha1(pkcs1)) };
    }
    case "ec": {
      const { crv = "", x = "", y = "" } = key.export({ format: "jwk" });
      if (!isCurve(crv)) throw refuse(`a key on the curve ${crv}, expected P-256, P-384 or P-521`);
      const [bytesX, bytesY] = [Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
      const point = { curve: crv, x: number(bytesX), y: number(bytesY) };
      const uncompressed = Buffer.concat([Buffer.of(4), bytesX, bytesY]);
      return { kind: "ec", key: point, der, id: idOf(identifier ?? sha1(uncompressed)) };
    }
    default:
      throw refuse(`a key of the kind ${key.asymmetricKeyType}`);
  }
}

const PEM = /^-----BEGIN (CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY)-----\s([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/;

function fromPem(bytes: Buffer): Buffer | undefined {
  const found = PEM.exec(bytes.toString("latin1").trimStart());
  return found ? Buffer.from(found[2] as string, "base64") : undefined;
}

function certificateIn(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

function publicKeyIn(der: Buffer): KeyObject | undefined {
  for (const type of ["spki", "pkcs1"] as const) {
    try {
      return createPublicKey({ key: der, format: "der", type });
    } catch {
      // It may have the other form.
    }
  }
  return undefined;
}

/** OBJECT IDENTIFIER 2.5.29.14. */
const SUBJECT_KEY_IDENTIFIER = Buffer.from("0603551d0e", "hex");

/** The extension of a certificate (RFC 5280, section 4.1); undefined if it has none. */
function subjectKeyIdentifier(certificate: Buffer): Buffer | undefined {
  const tbs = readSequence(certificate)?.[0];
  const extensions = tbs && readDer(tbs.content)?.find(({ tag }) => tag === 0xa3);
  for (const extension of (extensions && readSequence(extensions.content)) ?? []) {
    const parts = readDer(extension.content);
    if (!parts?.[0]?.whole.equals(SUBJECT_KEY_IDENTIFIER)) continue;
    const value = parts.at(-1);
    const inner = value?.tag === 0x04 ? readDer(value.content) : undefined;
    return inner?.[0]?.tag === 0x04 && inner[0].content.length >= 4 ? inner[0].content : undefined;
  }
  return undefined;
}

function idOf(identifier: Buffer): string {
  return identifier.toString("hex", identifier.length - 4);
}

function sha1(bytes: Buffer): Buffer {
  return createHash("sha1").update(bytes).digest();
}

function number(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex") || "0"}`);
}
