/** The files that the kernel loads to run a file, by its content: the interpreter of a `#!` line, the ELF interpreter. */

/** BINPRM_BUF_SIZE (linux/binfmts.h): the kernel reads no more of a `#!` line. */
export const HEAD = 256;

export type Loader =
  | ({ readonly kind: "script" } & Interpreter)
  | { readonly kind: "elf"; readonly path: Buffer }
  | { readonly kind: "none" }
  | { readonly kind: "not-executable" }
  /** `isLoaded`: whatever else is loaded, the file itself is what runs. */
  | { readonly kind: "unknown"; readonly reason: string; readonly isLoaded: boolean };

/** The interpreter of a script, and the one argument that the first line gives it. */
export interface Interpreter {
  readonly path: Buffer;
  readonly argument?: Buffer;
}

/**
 * Parses a `#!` line as fs/binfmt_script.c does: a path after blanks, up to the next blank, newline or NUL; then the rest of
 * the line, without blanks around it, up to a NUL. Of a line without an end, the last byte of the buffer does not count, and the path
 * must end in it.
 */
export function interpreterIn(head: Buffer): Interpreter | undefined {
  const newline = head.indexOf(0x0a);
  const isCut = newline < 0 && head.length >= HEAD;
  const line = head.subarray(2, newline >= 0 ? newline : isCut ? HEAD - 1 : head.length);
  const isBlank = (byte: number) => byte === 0x20 || byte === 0x09;
  const start = line.findIndex((byte) => !isBlank(byte));
  if (start < 0) return undefined;
  const length = line.subarray(start).findIndex((byte) => isBlank(byte) || byte === 0);
  const path = length < 0 ? line.subarray(start) : line.subarray(start, start + length);
  if (path.length === 0 || (isCut && length < 0)) return undefined;
  const argument = length < 0 || line[start + length] === 0 ? EMPTY : trimmed(line.subarray(start + length));
  return { path: Buffer.from(path), ...(argument.length === 0 ? {} : { argument: Buffer.from(argument) }) };
}

const EMPTY = Buffer.alloc(0);

/** Removes blanks on both sides; a NUL ends the text. */
function trimmed(text: Buffer): Buffer {
  const end = text.indexOf(0);
  const said = text.toString("latin1", 0, end < 0 ? text.length : end);
  return Buffer.from(said.replace(/^[ \t]+|[ \t]+$/g, ""), "latin1");
}

const PT_INTERP = 3;
const PATH_MAX = 4096;

/** linux/elf-em.h */
const EM_X86_64 = 62;
const EM_386 = 3;

/** Whether a file's head is that of an ELF file which this kernel itself loads (fs/binfmt_elf.c, elf_check_arch). */
export function isElfForUs(head: Buffer): boolean {
  const machine = head.readUInt16LE(18);
  return head.readUInt32BE(0) === 0x7f45_4c46 && (machine === EM_X86_64 || machine === EM_386);
}

/**
 * PT_INTERP of an ELF file (64-bit little endian; elf(5)). Other classes run under another ABI, whose calls are refused; but of a file for
 * this machine the kernel does not look at the class, and loads it as one of 64 bits if it is laid out as such.
 */
export function elfLoader(head: Buffer, slice: (position: number, length: number) => Buffer | undefined): Loader {
  const is64 = head[4] === 2 && head[5] === 1;
  if (!is64) return { kind: "unknown", reason: "?foreign-elf", isLoaded: head.readUInt16LE(18) === EM_X86_64 };
  const offset = Number(head.readBigUInt64LE(32));
  const entrySize = head.readUInt16LE(54);
  const count = head.readUInt16LE(56);
  if (entrySize !== 56 || count === 0 || count > 1024) return { kind: "not-executable" };
  const table = slice(offset, count * 56);
  if (!table) return { kind: "not-executable" };
  for (let at = 0; at < table.length; at += 56) {
    if (table.readUInt32LE(at) !== PT_INTERP) continue;
    const size = Number(table.readBigUInt64LE(at + 32));
    if (size < 2 || size > PATH_MAX) return { kind: "not-executable" };
    const path = slice(Number(table.readBigUInt64LE(at + 8)), size);
    if (!path || path.at(-1) !== 0) return { kind: "not-executable" };
    return { kind: "elf", path: path.subarray(0, path.indexOf(0)) };
  }
  return { kind: "none" };
}
