/** The public halves of a TPM's keys, for Node's cryptography. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { bad } from "./bytes.ts";
import type { PublicArea } from "./structures.ts";

const CURVE_NAMES = { p256: "P-256", p384: "P-384", p521: "P-521" } as const;
const COORDINATE_BYTES = { p256: 32, p384: 48, p521: 66 } as const;
/** What an exponent of 0 stands for (part 2, 12.2.3.5). */
const DEFAULT_EXPONENT = 65_537;

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

function key(jwk: Readonly<Record<string, string>>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    throw bad("its public key is no point of its curve, or no RSA key");
  }
}

/** A number of a fixed length. A TPM may leave leading zeros out. Refuses one that is greater, with `bad-tpm-structure`. */
export function padded(bytes: Uint8Array, length: number): Buffer {
  const stripped = Buffer.from(bytes.subarray(Math.max(0, bytes.length - length)));
  if (bytes.length > length && bytes.subarray(0, bytes.length - length).some((byte) => byte !== 0))
    throw bad(`expected a number of ${length} bytes, got ${bytes.length}`);
  return Buffer.concat([Buffer.alloc(length - stripped.length), stripped]);
}
