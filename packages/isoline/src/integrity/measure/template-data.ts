/** Builds template data as the kernel does (security/integrity/ima/ima_template_lib.c). */
import type { HashAlgorithm } from "../hash-algorithms.ts";
import { joinFields } from "../list/write-binary.ts";
import { findTemplate } from "../list/template.ts";

/** The values to record about a file or a buffer. */
export interface Facts {
  readonly name: Uint8Array;
  readonly kind: "ima" | "verity";
  readonly algorithm: HashAlgorithm;
  /** Undefined for a violation: zeros are recorded. */
  readonly digest: Buffer | undefined;
  /** Digest for the original template, which holds SHA-1 only. */
  readonly sha1: () => Buffer | undefined;
  readonly signature?: Buffer | undefined;
  readonly buffer?: Buffer | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly mode?: number | undefined;
  /** The appended signature, with the digest that it signs; used by `ima-modsig` alone. */
  readonly appended?: () =>
    | { readonly algorithm: HashAlgorithm; readonly digest: Buffer; readonly pkcs7: Buffer }
    | undefined;
  /** EVM's portable signature, and the attributes that it protects, in the kernel's order; used by `evm-sig` alone. */
  readonly evm?: () => { readonly signature: Buffer | undefined; readonly attributes: readonly Attribute[] };
}

export interface Attribute {
  readonly name: string;
  readonly value: Buffer;
}

/** The attributes that EVM protects (security/integrity/evm/evm_main.c, evm_config_default_xattrnames). */
export const evmAttributes = [
  "security.selinux",
  "security.SMACK64",
  "security.SMACK64EXEC",
  "security.SMACK64TRANSMUTE",
  "security.SMACK64MMAP",
  "security.apparmor",
  "security.ima",
  "security.capability",
];

const ORIGINAL_NAME = 255;
const SHA1_SIZE = 20;

/** Template data of one of the known templates. */
export function templateData(template: string, facts: Facts): Buffer {
  const name = withoutSpaces(facts.name);
  if (template === "ima") {
    const short = name.subarray(0, ORIGINAL_NAME);
    return Buffer.concat([facts.sha1() ?? Buffer.alloc(SHA1_SIZE), joinFields([short])]);
  }
  const fields = findTemplate(template)?.fields ?? [];
  const evm = fields.some((field) => field.name === "evmsig") ? facts.evm?.() : undefined;
  const more = { evmsig: evm?.signature ?? EMPTY, ...attributeFields(evm?.attributes ?? []) };
  return joinFields(fields.map((field) => more[field.name as keyof typeof more] ?? fieldOf(field.name, facts, name)));
}

/** Names with `|` between them and a zero at the end, lengths, and values without separators (evm_read_protected_xattrs). */
function attributeFields(attributes: readonly Attribute[]) {
  const names = attributes.map(({ name }) => name).join("|");
  return {
    xattrnames: names === "" ? EMPTY : Buffer.from(`${names}\0`, "latin1"),
    xattrlengths: Buffer.concat(attributes.map(({ value }) => number(value.length, 4))),
    xattrvalues: Buffer.concat(attributes.map(({ value }) => value)),
  };
}

function fieldOf(field: string, facts: Facts, name: Buffer): Buffer {
  const { kind, algorithm, digest = Buffer.alloc(algorithm.size) } = facts;
  switch (field) {
    case "d-ng":
      return namedDigest(algorithm, digest);
    case "d-ngv2":
      return Buffer.concat([Buffer.from(`${kind}:${algorithm.name}:\0`, "latin1"), digest]);
    case "n-ng":
      return Buffer.concat([name, Buffer.of(0)]);
    case "sig":
      return facts.signature ?? EMPTY;
    case "buf":
      return facts.buffer ?? EMPTY;
    case "iuid":
    case "igid": {
      const id = field === "iuid" ? facts.uid : facts.gid;
      return id === undefined ? EMPTY : number(id, 4);
    }
    case "imode":
      return facts.mode === undefined ? EMPTY : number(facts.mode, 2);
    case "d-modsig": {
      const appended = facts.appended?.();
      return appended ? namedDigest(appended.algorithm, appended.digest) : EMPTY;
    }
    case "modsig":
      return facts.appended?.()?.pkcs7 ?? EMPTY;
    default:
      return EMPTY;
  }
}

function namedDigest({ name }: HashAlgorithm, digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${name}:\0`, "latin1"), digest]);
}

const EMPTY = Buffer.alloc(0);

function number(value: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(value, 0, size);
  return bytes;
}

/** A space would end the field in the ASCII form, so the kernel records `_` for it. */
function withoutSpaces(name: Uint8Array): Buffer {
  return Buffer.from(name.map((byte) => (byte === 0x20 ? 0x5f : byte)));
}
