/** Writes a measurement list in the kernel's binary form, little endian: see read-binary.ts. */
import { type Bank, bankSize } from "../hash-algorithms.ts";
import { type Entry, isViolation, templateDigestInto } from "./entry.ts";

/** The list as in the kernel's file of a bank. Digests of violations are zeros; all others are computed. */
export function writeBinaryList(entries: readonly Entry[], bank: Bank): Buffer {
  const size = bankSize[bank];
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const name = Buffer.from(entry.template, "latin1");
    const head = Buffer.alloc(4 + size + 4);
    head.writeUInt32LE(entry.register, 0);
    if (!isViolation(entry)) templateDigestInto(entry, bank, head, 4);
    head.writeUInt32LE(name.length, 4 + size);
    parts.push(head, name);
    if (entry.template !== "ima") parts.push(u32(entry.data.length));
    parts.push(entry.data);
  }
  return Buffer.concat(parts);
}

/** The fields of template data, each after its length. */
export function joinFields(fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(fields.flatMap((field) => [u32(field.length), field]));
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
