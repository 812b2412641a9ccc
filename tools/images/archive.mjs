/**
 * The format of an initial RAM disk: `newc` (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * Equal entries give equal bytes: everything belongs to root, and no time is recorded.
 */
import { dirname } from "node:path";

/**
 * A directory, a file or a symbolic link. A directory comes before what is in it.
 *
 * @typedef {object} Entry
 * @property {string} name without a leading slash
 * @property {number} mode with the bits of its kind
 * @property {Buffer} content of a file; the target of a link; empty for a directory
 */

/** @param {string} name @param {number} [rights] @returns {Entry} */
export const directory = (name, rights = 0o755) => ({ name, mode: 0o040000 | rights, content: Buffer.alloc(0) });

/** @param {string} name @param {Buffer} content @param {number} [rights] @returns {Entry} */
export const file = (name, content, rights = 0o644) => ({ name, mode: 0o100000 | rights, content });

/** @param {string} name @param {string} target @returns {Entry} */
export const link = (name, target) => ({ name, mode: 0o120777, content: Buffer.from(target) });

/** Adds the directories that files lie in, each before them. @param {readonly Entry[]} entries @returns {Entry[]} */
export function withDirectories(entries) {
  const made = new Set(entries.map(({ name }) => name));
  return entries.flatMap((entry) => {
    const missing = [];
    for (let above = dirname(entry.name); above !== "." && !made.has(above); above = dirname(above)) {
      made.add(above);
      missing.unshift(directory(above));
    }
    return [...missing, entry];
  });
}

/** @param {readonly Entry[]} entries @returns {Buffer} */
export function archive(entries) {
  const records = entries.map(({ name, mode, content }, index) => record(name, mode, content, index + 1));
  return Buffer.concat([...records, record("TRAILER!!!", 0, Buffer.alloc(0), 0)]);
}

/**
 * A header of 13 fields in hexadecimal, the name, the content; name and content are padded to a multiple of four.
 *
 * @param {string} name @param {number} mode @param {Buffer} content @param {number} inode
 */
function record(name, mode, content, inode) {
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, Buffer.byteLength(name) + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return Buffer.concat([padded(Buffer.from(header)), padded(content)]);
}

/** @param {Buffer} bytes */
const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
