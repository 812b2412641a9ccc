/** Bundles of entries: each behind its length in two bytes, big-endian (c2sp.org/tlog-tiles). */
import { LogError } from "../error.ts";

/** No entry is longer, in bytes. */
const MOST_ENTRY = 0xffff;
const LENGTH_BYTES = 2;

/** Refuses an entry that no bundle can hold. */
export function assertFits(entry: Uint8Array): void {
  if (entry.length > MOST_ENTRY)
    throw new LogError(
      "too-large",
      `expected an entry of at most ${MOST_ENTRY} bytes, got ${entry.length}; log its digest`,
    );
}

export function framedEntry(entry: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(LENGTH_BYTES + entry.length);
  framed.writeUInt16BE(entry.length);
  framed.set(entry, LENGTH_BYTES);
  return framed;
}

/** The entries of a bundle that has exactly so many. */
export function entriesIn(bundle: Uint8Array, width: number): Uint8Array[] {
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const from = at + LENGTH_BYTES;
    const to = from <= bytes.length ? from + bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (to > bytes.length || entries.length === width) throw broken(`expected ${width} entries, got other bytes`);
    entries.push(bytes.subarray(from, to));
    at = to;
  }
  if (entries.length !== width) throw broken(`expected ${width} entries, got ${entries.length}`);
  return entries;
}

function broken(why: string): LogError {
  return new LogError(
    "broken-log",
    `a bundle of entries is damaged: ${why}; fetch it again, or restore the log from a copy`,
  );
}
