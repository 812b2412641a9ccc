/** Keys of a TPM outside of it: their names, and their public halves for verification. Pure but for Node's cryptography. */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { bad } from "./bytes.ts";
import { encode } from "./codec.ts";
import { algorithms } from "./constants.ts";
import { nvPublic, type NvPublic, type PublicArea, publicArea, type Signature } from "./structures.ts";

const CURVE_NAMES = { p256: "P-256", p384: "P-384", p521: "P-521" } as const;
const COORDINATE_BYTES = { p256: 32, p384: 48, p521: 66 } as const;
/** What an exponent of 0 stands for (part 2, 12.2.3.5). */
const DEFAULT_EXPONENT = 65_537;

/** The Name of an object: its hash algorithm, and the digest of its public area (part 1, 16). */
export function nameOf(area: PublicArea): Uint8Array {
  return named(area.value.nameAlg, encode(publicArea, area));
}

/** The Name of an NV index. */
export function nvNameOf(area: NvPublic): Uint8Array {
  return named(area.nameAlg, encode(nvPublic, area));
}

function named(hash: PublicArea["value"]["nameAlg"], bytes: Uint8Array): Uint8Array {
  const algorithm = Buffer.alloc(2);
  algorithm.writeUInt16BE(algorithms[hash]);
  return Uint8Array.from(Buffer.concat([algorithm, createHash(hash).update(bytes).digest()]));
}

/** The public key of an object, as Node's cryptography takes it. */
export function publicKeyOf(area: PublicArea): KeyObject {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  if (area.is === "rsa") {
    const exponent = Buffer.alloc(4);
    exponent.writeUInt32BE(area.value.exponent || DEFAULT_EXPONENT);
    return key({
      kty: "RSA",
      n: text(area.value.unique),
      e: text(exponent.subarray(exponent.findIndex((byte) => byte !== 0))),
    });
  }
  const { curve, unique } = area.value;
  const length = COORDINATE_BYTES[curve];
  return key({
    kty: "EC",
    crv: CURVE_NAMES[curve],
    x: text(padded(unique.x, length)),
    y: text(padded(unique.y, length)),
  });
}

/** Whether a key of a TPM signed these bytes. */
export function isSignedBy(area: PublicArea, message: Uint8Array, signature: Signature): boolean {
  const { hash } = signature.value;
  const publicKey = publicKeyOf(area);
  if (signature.is === "ecdsa") {
    if (area.is !== "ecc") return false;
    const length = COORDINATE_BYTES[area.value.curve];
    const raw = Buffer.concat([padded(signature.value.r, length), padded(signature.value.s, length)]);
    return verify(hash, message, { key: publicKey, dsaEncoding: "ieee-p1363" }, raw);
  }
  if (area.is !== "rsa" || !("signature" in signature.value)) return false;
  const padding = signature.is === "rsapss" ? 6 : 1;
  return verify(hash, message, { key: publicKey, padding }, signature.value.signature);
}

function key(jwk: Readonly<Record<string, string>>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    throw bad("its public key is no point of its curve, or no RSA key");
  }
}

/** A number of a fixed length. A TPM may leave leading zeros out. */
function padded(bytes: Uint8Array, length: number): Buffer {
  const stripped = Buffer.from(bytes.subarray(Math.max(0, bytes.length - length)));
  if (bytes.length > length && bytes.subarray(0, bytes.length - length).some((byte) => byte !== 0))
    throw bad(`expected a number of ${length} bytes, got ${bytes.length}`);
  return Buffer.concat([Buffer.alloc(length - stripped.length), stripped]);
}
