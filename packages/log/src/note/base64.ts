/** Base 64 of RFC 4648, 4, in its one form: Node's decoder takes much that is not. */

/** The bytes; undefined unless they would be written exactly so. */
export function fromBase64(text: string): Uint8Array | undefined {
  const decoded = Buffer.from(text, "base64");
  return decoded.toString("base64") === text ? decoded : undefined;
}
