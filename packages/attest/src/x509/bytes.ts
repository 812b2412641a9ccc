/** Bytes as text and back, and compared, with functions that browsers and Node share. */
export { bytesToHex as toHex, concatBytes as concatenated } from "@noble/hashes/utils.js";
export { equal as isEqual } from "../cbor/index.ts";

/** The bytes of pairs of hexadecimal digits, or undefined for any other text. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** RFC 4648, 5, without padding: how a JWK has numbers. */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
