/**
 * Files in one object: for each, the length of its path (2 bytes, big-endian), the path in ASCII, the length of its bytes (4), and these.
 */
import { LogError } from "../error.ts";
import type { LogFile } from "./files.ts";

/** As much as is read in one answer. */
const MOST_BYTES = 64 * 2 ** 20;
const TILE_PATH = /^tile\/(?:\d|entries)\/(?:x\d{3}\/)*\d{3}(?:\.p\/[1-9]\d{0,2})?$/;

export function pack(files: readonly LogFile[]): Uint8Array {
  const packed = Buffer.concat(files.flatMap(({ path, bytes }) => [header(path, bytes.length), bytes]));
  if (packed.length > MOST_BYTES)
    throw new LogError("too-large", `expected at most ${MOST_BYTES} bytes at once, got ${packed.length}; append fewer`);
  return packed;
}

/** Refuses anything but tiles: what a server puts in their place must not be laid over a checkpoint. */
export function unpack(packed: Uint8Array): LogFile[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const files: LogFile[] = [];
  for (let at = 0; at < bytes.length; ) {
    const pathEnd = at + 2 + (at + 2 <= bytes.length ? bytes.readUInt16BE(at) : bytes.length);
    const path = bytes.toString("latin1", at + 2, pathEnd);
    if (pathEnd + 4 > bytes.length || !TILE_PATH.test(path)) throw broken();
    const end = pathEnd + 4 + bytes.readUInt32BE(pathEnd);
    if (end > bytes.length) throw broken();
    files.push({ path, bytes: bytes.subarray(pathEnd + 4, end) });
    at = end;
  }
  return files;
}

function header(path: string, length: number): Uint8Array {
  const bytes = Buffer.alloc(2 + path.length + 4);
  bytes.writeUInt16BE(path.length);
  bytes.write(path, 2, "latin1");
  bytes.writeUInt32BE(length, 2 + path.length);
  return bytes;
}

function broken(): LogError {
  return new LogError(
    "broken-log",
    "the tiles that are staged in the object store are damaged; restore the log from a copy",
  );
}
