/**
 * What a unified kernel image leaves in PCR 11, calculated from its sections as systemd-stub measures them (systemd-stub(7),
 * "TPM PCR Notes"; src/fundamental/uki.c for the order): for each section that is there its name with a zero byte, then its content.
 */
import { createHash } from "node:crypto";

/** The sections that are measured, in this order. `.pcrsig` is not: it is about the value. */
const MEASURED = [
  ...[".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb"],
  ...[".uname", ".sbat", ".pcrpkey", ".profile", ".dtbauto", ".hwids"],
];

/** @param {Buffer} image @returns {string} PCR 11 of the bank for SHA-256, in hexadecimal, before any boot phase is measured */
export function predictedPcr11(image) {
  const sections = sectionsOf(image);
  let value = Buffer.alloc(32);
  for (const name of MEASURED) {
    const content = sections.get(name);
    if (content === undefined) continue;
    for (const measured of [Buffer.from(`${name}\0`), content]) value = sha256(value, sha256(measured));
  }
  return value.toString("hex");
}

/**
 * The sections of a PE image (PE format, "COFF File Header" and "Section Table"), without the padding to the alignment in the file.
 *
 * @param {Buffer} image @returns {ReadonlyMap<string, Buffer>}
 */
export function sectionsOf(image) {
  const header = image.readUInt32LE(0x3c);
  if (image.toString("latin1", header, header + 4) !== "PE\0\0")
    throw new Error("expected a PE image, got something else");
  const count = image.readUInt16LE(header + 6);
  const table = header + 24 + image.readUInt16LE(header + 20);
  const rows = Array.from({ length: count }, (_, index) =>
    image.subarray(table + 40 * index, table + 40 * (index + 1)),
  );
  return new Map(
    rows.map((row) => {
      const name = row.toString("latin1", 0, 8).replace(/\0+$/, "");
      const size = Math.min(row.readUInt32LE(8), row.readUInt32LE(16));
      return [name, image.subarray(row.readUInt32LE(20), row.readUInt32LE(20) + size)];
    }),
  );
}

/** @param {...Buffer} parts */
function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
