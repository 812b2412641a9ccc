/** The registers that a boot of one of our images leaves. PCR 11 is what `isoline attest reference --uki` predicts of any. */
import { createHash } from "node:crypto";
import { measuredSections, predictedPcr11 as predicted } from "@isoline/attest/boot";

/** @param {Buffer} image @returns {string} PCR 11 of the bank for SHA-256, in hexadecimal, before any boot phase is measured */
export function predictedPcr11(image) {
  return Buffer.from(predicted(image, [], sha256)).toString("hex");
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
  const linux = measuredSections(image).get(".linux");
  if (linux === undefined) throw new Error("expected an image with a kernel, got one without");
  const action = sha256(Buffer.from("Calling EFI Application from Boot Option"));
  const measured = [programDigest(image), action, sha256(Buffer.alloc(4)), programDigest(Buffer.from(linux))];
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

/** @param {...Uint8Array} parts */
function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
