/**
 * Template data as the kernel puts it together from what was measured (security/integrity/ima/ima_template_lib.c).
 */
import type { HashAlgorithm } from "../hash-algorithms.ts";
import { joinFields } from "../list/write-binary.ts";
import { findTemplate } from "../list/template.ts";

/** What there is to record about a file or a buffer. */
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
}

const ORIGINAL_NAME = 255;
const SHA1_SIZE = 20;

/** Template data of one of the templates that are known by name. */
export function templateData(template: string, facts: Facts): Buffer {
  const name = withoutSpaces(facts.name);
  if (template === "ima") {
    const short = name.subarray(0, ORIGINAL_NAME);
    return Buffer.concat([facts.sha1() ?? Buffer.alloc(SHA1_SIZE), joinFields([short])]);
  }
  return joinFields((findTemplate(template)?.fields ?? []).map((field) => fieldOf(field.name, facts, name)));
}

function fieldOf(field: string, facts: Facts, name: Buffer): Buffer {
  const { kind, algorithm, digest = Buffer.alloc(algorithm.size) } = facts;
  switch (field) {
    case "d-ng":
      return Buffer.concat([Buffer.from(`${algorithm.name}:\0`, "latin1"), digest]);
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
    // Appended signatures and EVM's attributes are not looked at here.
    default:
      return EMPTY;
  }
}

const EMPTY = Buffer.alloc(0);

function number(value: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(value, 0, size);
  return bytes;
}

/** A space would end the field in the ascii form, so the kernel records `_` for it. */
function withoutSpaces(name: Uint8Array): Buffer {
  return Buffer.from(name.map((byte) => (byte === 0x20 ? 0x5f : byte)));
}
