/** What a pusher sends: the files of an OCI image layout, its contour and signature, in one tar archive (ustar). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const BLOCK = 512;

/**
 * Of a folder with an image layout; `contour` and `signature` are left out for a machine that learns.
 *
 * @param {string} layout @param {{ contour: Buffer, signature: Buffer }} [signed]
 */
export function pushOf(layout, signed) {
  const files = [
    "oci-layout",
    "index.json",
    ...readdirSync(join(layout, "blobs/sha256"))
      .sort()
      .map((name) => `blobs/sha256/${name}`),
  ];
  return tar([
    ...files.map((name) => /** @type {const} */ ([name, readFileSync(join(layout, name))])),
    ...(signed === undefined
      ? []
      : [/** @type {const} */ (["contour", signed.contour]), /** @type {const} */ (["contour.sig", signed.signature])]),
  ]);
}

/**
 * Equal files give equal bytes: everything belongs to root, and has no time. A name that ends in a slash is a directory.
 *
 * @param {readonly (readonly [name: string, content: Buffer, mode?: number])[]} files @returns {Buffer}
 */
export function tar(files) {
  const entries = files.flatMap(([name, content, mode = 0o644]) => [
    header(name, content.length, mode),
    padded(content),
  ]);
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
}

/** @param {string} name @param {number} size @param {number} mode */
function header(name, size, mode) {
  if (Buffer.byteLength(name) > 100) throw new Error(`expected a name of at most 100 bytes, got ${name}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (/** @type {number} */ value, /** @type {number} */ digits) =>
    `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0);
  block.write(octal(mode, 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(0, 11), 100);
  block.write(`        ${name.endsWith("/") ? "5" : "0"}`, 148);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** @param {Buffer} bytes */
const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
