/**
 * What a checkpoint says (c2sp.org/tlog-checkpoint).
 *
 *   ORIGIN
 *   SIZE
 *   BASE64( root )
 */
import { LogError } from "../error.ts";
import { HASH_BYTES, type TreeHead } from "../tree/index.ts";
import { fromBase64 } from "./base64.ts";

export interface Checkpoint extends TreeHead {
  readonly origin: string;
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
}

/** Reads the text of a note as a checkpoint. */
export function parseHead(text: string): Checkpoint {
  const [origin = "", size = "", root = "", ...more] = text.slice(0, -1).split("\n");
  const hash = fromBase64(root);
  if (origin === "" || !/^(0|[1-9]\d*)$/.test(size) || hash?.length !== HASH_BYTES)
    throw badCheckpoint("three lines: origin, size, root", JSON.stringify(text.slice(0, 80)));
  // Witnesses are not asked to agree about further lines, and no monitor reads them.
  if (more.length > 0) throw badCheckpoint("no line after the root", JSON.stringify(more[0]?.slice(0, 80)));
  if (!Number.isSafeInteger(Number(size))) throw badCheckpoint("fewer than 2^53 entries", size.slice(0, 40));
  return { origin, size: Number(size), root: hash };
}

export function badCheckpoint(expected: string, got: string): LogError {
  return new LogError("bad-note", `expected a checkpoint with ${expected}, got ${got}; fetch it again`);
}
