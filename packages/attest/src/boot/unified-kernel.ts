/**
 * What a unified kernel image leaves in PCR 11, calculated from its sections as systemd-stub measures them: for each section that is
 * there its name with a zero byte, then its content as it lies in memory.
 *
 * Sources: systemd-stub(7), "TPM PCR Notes"; systemd 257, src/fundamental/uki.c for the order, src/boot/efi/stub.c (measure_sections) and
 * src/shared/pe-binary.c (uki_hash) for what counts as content; PE format, "COFF File Header" and "Section Table".
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { AttestError } from "../error.ts";

/** The register of the kernel and what comes with it. */
export const KERNEL_REGISTER = 11;
/** All of an image, and all of its sections in memory. */
export const MOST_KERNEL_IMAGE_BYTES = 2 ** 30;
const MOST_SECTIONS = 1024;

/** The sections that are measured, in this order. `.pcrsig` is not: it is about the value. */
const MEASURED: readonly string[] = [
  ...[".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb"],
  ...[".uname", ".sbat", ".pcrpkey", ".profile", ".hwids"],
];
/** Of several of these the stub measures the one for the machine that it runs on, or none. */
const FOR_ONE_MACHINE: readonly string[] = [".dtbauto", ".efifw"];

const DOS_HEADER = 64;
const DOS_MAGIC = 0x5a4d;
const PE_MAGIC = 0x4550;
/** Signature and COFF header, which the optional header follows. */
const HEADER = 24;
/** One section in the table. */
const ROW = 40;
const LATIN = new TextDecoder("latin1");

interface Row {
  readonly name: string;
  /** In memory; what the file does not have of it is zeros. */
  readonly size: number;
  /** In the file, with padding where it is more than `size`. */
  readonly stored: number;
  readonly from: number;
}

/**
 * PCR 11 of the SHA-256 bank as the stub leaves it to the kernel. With words of boot phases, as systemd-pcrphase extends it by each of
 * them afterwards. `hash` is SHA-256; the one of a platform is faster than the one here, which runs anywhere.
 *
 * Refuses with `bad-kernel-image` what is no unified kernel image, and one whose value is another on another machine or in another boot.
 */
export function predictedPcr11(
  image: Uint8Array,
  phases: readonly string[] = [],
  hash: (bytes: Uint8Array) => Uint8Array = sha256,
): Uint8Array {
  const sections = measuredSections(image);
  const ofImage = MEASURED.flatMap((name) => {
    const content = sections.get(name);
    return content === undefined ? [] : [utf8ToBytes(`${name}\0`), content];
  });
  const measured = [...ofImage, ...phases.map((word) => utf8ToBytes(word))];
  return measured.reduce<Uint8Array>((value, each) => hash(concatBytes(value, hash(each))), new Uint8Array(32));
}

/** The sections that are measured, by name, each as it lies in memory. Refuses what `predictedPcr11` refuses. */
export function measuredSections(image: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const sections = new Map<string, Uint8Array>();
  let left = MOST_KERNEL_IMAGE_BYTES;
  for (const row of rowsOf(image)) {
    const { name, size } = row;
    if (FOR_ONE_MACHINE.includes(name)) throw undecided(`no section ${name}, which is for some machines alone`, "one");
    // The stub takes an empty section for one that is not there.
    if (size === 0 || !MEASURED.includes(name)) continue;
    if (sections.has(name))
      throw undecided(`one section ${name}`, "several, of which a boot takes that of its profile");
    left -= size;
    if (left < 0) throw damaged(`at most ${MOST_KERNEL_IMAGE_BYTES} bytes in all sections`, "more");
    sections.set(name, contentOf(image, row));
  }
  if (!sections.has(".linux")) throw damaged("a kernel in section .linux", "none");
  return sections;
}

function* rowsOf(image: Uint8Array): Generator<Row> {
  const numbers = new DataView(image.buffer, image.byteOffset, image.length);
  if (image.length > MOST_KERNEL_IMAGE_BYTES)
    throw damaged(`at most ${MOST_KERNEL_IMAGE_BYTES} bytes`, `${image.length}`);
  if (image.length < DOS_HEADER || numbers.getUint16(0, true) !== DOS_MAGIC)
    throw damaged("a program for UEFI, which begins with MZ", "another beginning");
  const header = numbers.getUint32(0x3c, true);
  if (header + HEADER > image.length || numbers.getUint32(header, true) !== PE_MAGIC)
    throw damaged(`the header of a program (PE) at byte ${header}`, "none");
  const count = numbers.getUint16(header + 6, true);
  if (count > MOST_SECTIONS) throw damaged(`at most ${MOST_SECTIONS} sections`, `${count}`);
  const table = header + HEADER + numbers.getUint16(header + 20, true);
  if (table + count * ROW > image.length)
    throw damaged(`a table of ${count} sections at byte ${table}`, "the end of the file within it");
  for (let at = table; at < table + count * ROW; at += ROW) {
    const [name = ""] = LATIN.decode(image.subarray(at, at + 8)).split("\0");
    const [size, stored, from] = [at + 8, at + 16, at + 20].map((place) => numbers.getUint32(place, true));
    yield { name, size: size as number, stored: stored as number, from: from as number };
  }
}

/** A section may be larger in memory than in the file: a kernel older than 6.12 is. Those zeros are measured as well. */
function contentOf(image: Uint8Array, { name, size, stored, from }: Row): Uint8Array {
  const length = Math.min(size, stored);
  if (from + length > image.length)
    throw damaged(`${length} bytes of section ${name} at byte ${from}`, "the end of the file before");
  const content = image.subarray(from, from + length);
  return length === size ? content : concatBytes(content, new Uint8Array(size - length));
}

const damaged = (expected: string, got: string): AttestError =>
  new AttestError(
    "bad-kernel-image",
    `not a unified kernel image: expected ${expected}, got ${got}; name the file that the firmware boots`,
  );

const undecided = (expected: string, got: string): AttestError =>
  new AttestError(
    "bad-kernel-image",
    `not an image with one value of PCR 11: expected ${expected}, got ${got}; take the value from evidence of a machine that booted it`,
  );
