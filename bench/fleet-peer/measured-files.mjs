/** Files that a kernel measured, in the two forms that its list has: binary for isoline, lines of text for Keylime. */
import { createHash } from "node:crypto";

/**
 * @typedef {object} MeasuredFile
 * @property {string} path
 * @property {string} digest SHA-256 of its content, in hexadecimal
 * @property {Buffer} binary the entry as binary_runtime_measurements has it
 * @property {string} line the entry as ascii_runtime_measurements has it, without its end
 * @property {Buffer} extension what register 10 of the SHA-256 bank is extended by
 */

const REGISTER = 10;
const TEMPLATE = "ima-ng";

/**
 * An entry of template ima-ng, with the SHA-1 digest of the template that both files of the kernel have.
 *
 * @param {string} path @param {Uint8Array} digest @returns {MeasuredFile}
 */
function measured(path, digest) {
  const data = Buffer.concat([
    sized(Buffer.concat([Buffer.from("sha256:\0"), digest])),
    sized(Buffer.from(`${path}\0`)),
  ]);
  const template = hash("sha1", data);
  const content = Buffer.from(digest).toString("hex");
  return {
    path,
    digest: content,
    binary: Buffer.concat([u32(REGISTER), template, sized(Buffer.from(TEMPLATE)), sized(data)]),
    line: `${REGISTER} ${template.toString("hex")} ${TEMPLATE} sha256:${content} ${path}`,
    extension: hash("sha256", data),
  };
}

/** The first entry of a list: the digest over registers 0 to 9. @param {readonly Uint8Array[]} registers */
export const bootAggregate = (registers) => measured("boot_aggregate", hash("sha256", ...registers));

/** The file of this number: each has another path, about as long as those of a distribution, and another content. @param {number} number */
export function fileOf(number) {
  const path = `/usr/lib/x86_64-linux-gnu/package-${number % 97}/module-${String(number).padStart(6, "0")}.so`;
  return measured(path, hash("sha256", Buffer.from(path)));
}

const u32 = (/** @type {number} */ value) => Buffer.from(Uint32Array.of(value).buffer);
const sized = (/** @type {Uint8Array} */ bytes) => Buffer.concat([u32(bytes.length), bytes]);

/** @param {"sha1" | "sha256"} name @param {...Uint8Array} parts */
function hash(name, ...parts) {
  const sum = createHash(name);
  for (const part of parts) sum.update(part);
  return sum.digest();
}
