/** The bytes that a witness signs (c2sp.org/tlog-cosignature). */
import { LogError } from "../error.ts";
import { parseHead } from "./head.ts";

/** With Ed25519: two lines before the whole text of a checkpoint. The name of the witness is not in it. */
export function cosignedText(text: string, seconds: bigint): Uint8Array {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
}

/**
 * With ML-DSA-44: the name of the witness, the time, and the tree of a checkpoint, from its first leaf.
 *
 *   "subtree/v1\n\0" | length 1, name | time 8 | length 1, origin | start 8 | end 8 | root 32        big-endian
 *
 * Refuses a text that is no checkpoint.
 */
export function cosignedTree(name: string, text: string, seconds: bigint): Uint8Array {
  const { origin, size, root } = parseHead(text);
  return Buffer.concat([
    ...[LABEL, counted(name), number(seconds), counted(origin)],
    ...[number(0n), number(BigInt(size)), root],
  ]);
}

const LABEL = Buffer.from("subtree/v1\n\0", "latin1");

function counted(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  if (bytes.length < 1 || bytes.length > 255)
    throw new LogError("bad-note", `expected a name of 1 to 255 bytes, got ${bytes.length}; choose another`);
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}

function number(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
