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
 * What OVMF leaves in PCR 4 when QEMU hands it the image (`-kernel`; TCG PC Client Platform Firmware Profile, 3.3.4.5). First comes the
 * image as a program, then the two events before any program of a boot option, then the kernel, which the stub has the firmware load.
 * PCR 11 is extended by the stub, so a program that is no such stub could extend it alike; what is in PCR 4 no program
 * decides about itself.
 *
 * @param {Buffer} image @returns {string} of the bank for SHA-256, in hexadecimal
 */
function predictedPcr4(image) {
  const linux = sectionsOf(image).get(".linux");
  if (linux === undefined) throw new Error("expected an image with a kernel, got one without");
  const action = sha256(Buffer.from("Calling EFI Application from Boot Option"));
  const measured = [programDigest(image), action, sha256(Buffer.alloc(4)), programDigest(linux)];
  return measured.reduce((value, digest) => sha256(value, digest), Buffer.alloc(32)).toString("hex");
}

/** The registers that a boot of an image leaves, as a reference value: nothing was added to its command line. */
export function bootReference(/** @type {string} */ name, /** @type {Buffer} */ image) {
  return { name, registers: { 4: predictedPcr4(image), 11: predictedPcr11(image), 12: "0".repeat(64) } };
}

/**
 * The digest of a program for UEFI: all of its bytes but the checksum and the place and content of its signatures (Windows
 * Authenticode Portable Executable Signature Format, "Calculating the PE Image Hash").
 *
 * @param {Buffer} image
 */
function programDigest(image) {
  const header = image.readUInt32LE(0x3c) + 24;
  if (image.readUInt16LE(header) !== 0x20b) throw new Error("expected a program for 64 bits, got another");
  const [checksum, signatures] = [header + 64, header + 112 + 8 * 4];
  const end = image.length - image.readUInt32LE(signatures + 4);
  const parts = [
    [0, checksum],
    [checksum + 4, signatures],
    [signatures + 8, end],
  ];
  return sha256(...parts.map(([from, to]) => image.subarray(from, to)));
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
