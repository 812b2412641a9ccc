/** The key that a report of a node is about, and the id of a node that has no TPM. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { PublicArea } from "../tpm/structures.ts";
import { concatenated, keyOfPoint } from "../x509/index.ts";
import { badReport } from "./refusal.ts";

const COORDINATE_BYTES = 32;

/** SubjectPublicKeyInfo in DER of an attestation key, which is on P-256. */
export function infoOfKey(area: PublicArea): Uint8Array {
  if (area.is !== "ecc" || area.value.curve !== "p256")
    throw badReport(`expected an attestation key on P-256, got ${area.is}`);
  const { x, y } = area.value.unique;
  return keyOfPoint("P-256", concatenated(padded(x), padded(y))).der;
}

/** SHA-256 over its SubjectPublicKeyInfo, in hexadecimal: evidence names a node by it that has an engine's key and no TPM. */
export function nodeIdByKey(info: Uint8Array): string {
  return bytesToHex(sha256(info));
}

/** A TPM may leave leading zeros out. */
function padded(number: Uint8Array): Uint8Array {
  if (number.length > COORDINATE_BYTES)
    throw badReport(`expected a coordinate of ${COORDINATE_BYTES} bytes, got ${number.length}`);
  const whole = new Uint8Array(COORDINATE_BYTES);
  whole.set(number, COORDINATE_BYTES - number.length);
  return whole;
}
