/**
 * The ASCII form of a measurement list: `REGISTER DIGEST TEMPLATE FIELD…`, one entry a line (ima_fs.c,
 * ima_ascii_measurements_show).
 *
 * It is made for reading. The kernel writes `_` for spaces in names, but newlines unchanged, so not every list can be parsed.
 * Such a list is refused, or its digests do not match. Verify the binary form instead.
 */
import { type Bank, banks, bankSize } from "../hash-algorithms.ts";
import { type Entry, isViolation, type MeasurementList, splitFields, templateDigestInto } from "./entry.ts";
import { badList } from "./refusal.ts";
import { findTemplate, type TemplateField } from "./template.ts";
import { joinFields } from "./write-binary.ts";

/** The list as in the kernel's ASCII file of a bank, byte for byte; entries of unknown templates as one field in hexadecimal. */
export function writeAsciiList(entries: readonly Entry[], bank: Bank, littleEndian = true): Buffer {
  const digest = Buffer.alloc(bankSize[bank]);
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    digest.fill(0);
    if (!isViolation(entry)) templateDigestInto(entry, bank, digest, 0);
    const head = `${String(entry.register).padStart(2)} ${digest.toString("hex")} ${entry.template}`;
    parts.push(Buffer.from(head, "latin1"));
    const template = findTemplate(entry.template);
    const fields = template ? splitFields(entry, template, littleEndian, index + 1) : [entry.data];
    fields.forEach((field, at) => {
      parts.push(SPACE, fieldText(field, template?.fields[at]?.form ?? "bytes", littleEndian));
    });
    parts.push(NEWLINE);
  });
  return Buffer.concat(parts);
}

const SPACE = Buffer.from(" ");
const NEWLINE = Buffer.from("\n");

function fieldText(field: Buffer, form: TemplateField["form"], littleEndian: boolean): Buffer {
  if (field.length === 0) return field;
  switch (form) {
    case "name": {
      const zero = field.indexOf(0);
      return zero < 0 ? field : field.subarray(0, zero);
    }
    case "digest-ng": {
      const zero = field.indexOf(0);
      return Buffer.from(field.toString("latin1", 0, zero) + field.toString("hex", zero + 1), "latin1");
    }
    case "u16":
      return Buffer.from(String(littleEndian ? field.readUInt16LE(0) : field.readUInt16BE(0)));
    case "u32":
      return Buffer.from(String(littleEndian ? field.readUInt32LE(0) : field.readUInt32BE(0)));
    default:
      return Buffer.from(field.toString("hex"), "latin1");
  }
}

const MAX_LINE = 40 * 2 ** 20;
const MAX_ENTRIES = 2_000_000;

/** Whether bytes look like the ASCII form: they begin with a register and a digest. */
export function looksLikeAscii(bytes: Buffer): boolean {
  return /^ ?\d{1,2} [0-9a-f]{40,128} [!-~]+ /.test(bytes.toString("latin1", 0, 512));
}

/** Parses the ASCII form. */
export function readAsciiList(bytes: Buffer): MeasurementList {
  const entries: Entry[] = [];
  let bank: Bank | undefined;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const number = entries.length + 1;
    if (newline < 0) throw badList(number, "expected a newline at the end of its line, got the end of the file");
    if (number > MAX_ENTRIES) throw badList(number, `expected at most ${MAX_ENTRIES} entries`);
    if (end - start > MAX_LINE)
      throw badList(number, `expected a line of at most ${MAX_LINE} bytes, got ${end - start}`);
    const entry = readLine(bytes.toString("latin1", start, end), number);
    bank ??= banks.find((each) => bankSize[each] === entry.digest.length);
    if (bank === undefined || bankSize[bank] !== entry.digest.length)
      throw badList(number, `expected a digest as long as the others, got ${entry.digest.length} bytes`);
    entries.push(entry);
    start = end + 1;
  }
  return { bank: bank ?? "sha1", littleEndian: true, entries };
}

const LINE = /^ ?(\d{1,2}) ((?:[0-9a-f]{2}){20,64}) ([!-~]+)(?: (.*))?$/s;

function readLine(line: string, number: number): Entry {
  const found = LINE.exec(line);
  if (!found) throw badList(number, "expected REGISTER DIGEST TEMPLATE and the fields, got something else");
  const [, register, hex, name = "", rest = ""] = found;
  const template = findTemplate(name);
  const head = { register: Number(register), digest: Buffer.from(hex as string, "hex"), template: name };
  if (template === undefined) return { ...head, data: fromHex(rest, number) };
  const words = rest.split(" ");
  if (words.length !== template.fields.length)
    throw badList(number, `expected ${template.fields.length} fields of template ${name}, got ${words.length}`);
  if (template.isOriginal) {
    const file = Buffer.from(words[1] as string, "latin1");
    return { ...head, data: Buffer.concat([fromHex(words[0] as string, number), joinFields([file])]) };
  }
  const fields = template.fields.map(({ form }, at) => fieldBytes(words[at] as string, form, number));
  return { ...head, data: joinFields(fields) };
}

function fieldBytes(word: string, form: TemplateField["form"], number: number): Buffer {
  if (word === "" && form !== "name") return Buffer.alloc(0);
  switch (form) {
    case "name":
      return Buffer.from(`${word}\0`, "latin1");
    case "digest-ng": {
      const colon = word.lastIndexOf(":");
      if (colon < 1) throw badList(number, "expected a digest as ALGORITHM:DIGEST, got something else");
      return Buffer.concat([
        Buffer.from(`${word.slice(0, colon + 1)}\0`, "latin1"),
        fromHex(word.slice(colon + 1), number),
      ]);
    }
    case "u16":
    case "u32": {
      const bytes = Buffer.alloc(form === "u16" ? 2 : 4);
      const value = Number(word);
      if (!/^\d{1,10}$/.test(word) || value >= 2 ** (8 * bytes.length))
        throw badList(number, "expected a whole number in a field, got something else");
      bytes.writeUIntLE(value, 0, bytes.length);
      return bytes;
    }
    default:
      return fromHex(word, number);
  }
}

function fromHex(text: string, number: number): Buffer {
  if (!/^(?:[0-9a-f]{2})*$/.test(text))
    throw badList(number, "expected hexadecimal digits in a field, got something else");
  return Buffer.from(text, "hex");
}
