/**
 * The structures in the `.BTF` section of a compiled BPF object, as far as the tests need them (Documentation/bpf/btf.rst;
 * elf(5) for the sections).
 */
import { readFileSync } from "node:fs";

export interface Structure {
  readonly size: number;
  /** Byte offsets by name of member. */
  readonly members: Readonly<Record<string, number>>;
}

const KIND = {
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  funcProto: 13,
  variable: 14,
  dataSection: 15,
  declTag: 17,
  enum64: 19,
};

/** Named structures and enumerators of an object file. */
export function typesOf(path: string): { structures: Map<string, Structure>; enumerators: Map<string, number> } {
  const btf = sectionOf(readFileSync(path), ".BTF");
  const headerLength = btf.readUInt32LE(4);
  const [typesAt, typesLength, namesAt] = [8, 12, 16].map((at) => btf.readUInt32LE(at)) as [number, number, number];
  const types = btf.subarray(headerLength + typesAt, headerLength + typesAt + typesLength);
  const nameAt = (offset: number) => cString(btf, headerLength + namesAt + offset);
  const structures = new Map<string, Structure>();
  const enumerators = new Map<string, number>();
  for (let at = 0; at < types.length; ) {
    const name = nameAt(types.readUInt32LE(at));
    const info = types.readUInt32LE(at + 4);
    const [kind, count] = [(info >>> 24) & 0x1f, info & 0xffff];
    const rest = at + 12;
    if (kind === KIND.struct) {
      const members = Array.from({ length: count }, (_, index) => {
        const member = rest + 12 * index;
        // With the highest bit of the info, the upper byte is the size of a bit field.
        return [nameAt(types.readUInt32LE(member)), (types.readUInt32LE(member + 8) & 0xff_ffff) / 8] as const;
      });
      structures.set(name, { size: types.readUInt32LE(at + 8), members: Object.fromEntries(members) });
    }
    if (kind === KIND.enum) {
      for (let index = 0; index < count; index++)
        enumerators.set(nameAt(types.readUInt32LE(rest + 8 * index)), types.readInt32LE(rest + 8 * index + 4));
    }
    at = rest + count * bytesEach(kind) + bytesOnce(kind);
  }
  return { structures, enumerators };
}

/** Bytes that follow a type for each of its members. */
function bytesEach(kind: number): number {
  if (kind === KIND.struct || kind === KIND.union || kind === KIND.dataSection || kind === KIND.enum64) return 12;
  return kind === KIND.enum || kind === KIND.funcProto ? 8 : 0;
}

/** Bytes that follow a type, whatever its members. */
function bytesOnce(kind: number): number {
  if (kind === KIND.array) return 12;
  return kind === 1 || kind === KIND.variable || kind === KIND.declTag ? 4 : 0;
}

function sectionOf(elf: Buffer, wanted: string): Buffer {
  const at = Number(elf.readBigUInt64LE(40));
  const [size, count, namesIndex] = [elf.readUInt16LE(58), elf.readUInt16LE(60), elf.readUInt16LE(62)];
  const header = (index: number) => elf.subarray(at + index * size, at + (index + 1) * size);
  const bytes = (section: Buffer) => {
    const start = Number(section.readBigUInt64LE(24));
    return elf.subarray(start, start + Number(section.readBigUInt64LE(32)));
  };
  const names = bytes(header(namesIndex));
  for (let index = 0; index < count; index++) {
    const section = header(index);
    if (cString(names, section.readUInt32LE(0)) === wanted) return bytes(section);
  }
  throw new Error(`no section ${wanted}`);
}

function cString(bytes: Buffer, start: number): string {
  return bytes.toString("latin1", start, bytes.indexOf(0, start));
}
