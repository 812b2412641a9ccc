/**
 * The kinds of value in a TSEM CELL: how the kernel exports each, how a contour shows it, which bytes are hashed.
 * Integers are little endian, except that ports and IPv4 addresses are kept in network order, as the kernel has them.
 */
import { isDigest } from "../digest.ts";
import { escapeBytes, isEscaped, unescapeToBytes } from "../event/escape.ts";

export interface CellKind {
  /** The text that a contour shows for an exported value (latin1); undefined for an invalid value. */
  show(exported: string): string | undefined;
  /** Whether a text is one that `show` returns. */
  accepts(text: string): boolean;
  /** Appends the bytes that are hashed. */
  put(text: string, out: CellBytes): void;
}

/** A growing buffer that is reused for each CELL. */
export class CellBytes {
  readonly #bytes = Buffer.alloc(80_000);
  #length = 0;

  reset(): void {
    this.#length = 0;
  }

  integer(value: number, size: 1 | 2 | 4): void {
    this.#length = this.#bytes.writeUIntLE(value, this.#length, size);
  }

  u64(value: bigint): void {
    this.#length = this.#bytes.writeBigUInt64LE(value, this.#length);
  }

  bytes(bytes: ArrayLike<number>): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  hex(text: string): void {
    this.#length += this.#bytes.write(text, this.#length, "hex");
  }

  ascii(text: string): void {
    this.#length += this.#bytes.write(text, this.#length, "latin1");
  }

  zeros(count: number): void {
    this.#bytes.fill(0, this.#length, this.#length + count);
    this.#length += count;
  }

  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

const NUMBER = /^(?:0x[0-9a-f]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})$/i;

/** Reads a number like the C library's base 0 (`0x…` `0…` or decimal); undefined if it is invalid or above `max`. */
export function parseNumber(text: string, max: number): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const value = isOctal(text) ? Number.parseInt(text, 8) : Number(text);
  return value <= max ? value : undefined;
}

/** The same for 64 bits. The original reads with strtoll, which refuses values above 2⁶³ − 1. */
export function parseLongNumber(text: string): bigint | undefined {
  if (!NUMBER.test(text)) return undefined;
  const value = BigInt(isOctal(text) ? `0o${text}` : text);
  return value <= 0x7fff_ffff_ffff_ffffn ? value : undefined;
}

/** A subset of what `NUMBER` matches: a leading zero with more characters, but not `0x`. */
function isOctal(text: string): boolean {
  return text.length > 1 && text.startsWith("0") && text[1] !== "x" && text[1] !== "X";
}

const U16 = 0xffff;
const U32 = 0xffff_ffff;

function number(max: number, size: 2 | 4, show: (value: number) => string): CellKind {
  return {
    show(exported) {
      const value = parseNumber(exported, max);
      return value === undefined ? undefined : show(value);
    },
    accepts(text) {
      const value = parseNumber(text, max);
      return value !== undefined && show(value) === text;
    },
    put: (text, out) => out.integer(parseNumber(text, max) as number, size),
  };
}

function hex(digits: number): CellKind {
  const shape = new RegExp(`^[0-9a-f]{${digits}}$`);
  return {
    show: (exported) => (shape.test(exported) ? exported : undefined),
    accepts: (text) => shape.test(text),
    put: (text, out) => out.hex(text),
  };
}

function text(maxBytes: number, put: CellKind["put"]): CellKind {
  return {
    show: (exported) => (exported.length > maxBytes ? undefined : escapeLatin1(exported)),
    accepts: (shown) => isEscaped(shown) && unescapeToBytes(shown).length <= maxBytes,
    put,
  };
}

/** Escapes bytes that were read as latin1. */
export function escapeLatin1(bytes: string): string {
  return /^[!-[\]-~]*$/.test(bytes) ? bytes : escapeBytes(Buffer.from(bytes, "latin1"));
}

const swap = (port: number) => ((port & 0xff) << 8) | (port >> 8);
const octets = (address: string) => address.split(".").map(Number);

function putSized(shown: string, out: CellBytes): void {
  const bytes = unescapeToBytes(shown);
  out.integer(bytes.length, 4);
  out.bytes(bytes);
}

export const cellKinds = {
  u32: number(U32, 4, String),
  /** A file mode. The agent keeps 16 bits; the kernel has no more. */
  mode: number(U16, 2, (value) => `0${value.toString(8)}`),
  magic: number(U32, 4, (value) => `0x${value.toString(16)}`),
  u64: {
    show: (exported) => parseLongNumber(exported)?.toString(),
    accepts: (shown) => parseLongNumber(shown)?.toString() === shown,
    put: (shown, out) => out.u64(BigInt(shown)),
  },
  /** `s_id`: 32 bytes, padded with zeros; the last byte is always zero. */
  device: text(31, (shown, out) => {
    const bytes = unescapeToBytes(shown);
    out.bytes(bytes);
    out.zeros(32 - bytes.length);
  }),
  uuid: hex(32),
  digest: {
    show: (exported) => (isDigest(exported) ? exported : undefined),
    accepts: isDigest,
    put: (shown, out) => out.hex(shown),
  },
  /** u32 byte length ‖ bytes */
  text: text(8192, putSized),
  /** A path up to and including its last slash, hashed like text. */
  directory: {
    show: (exported) =>
      exported.includes("/") ? escapeLatin1(exported.slice(0, exported.lastIndexOf("/") + 1)) : undefined,
    accepts: (shown) => isEscaped(shown) && shown.endsWith("/"),
    put: putSized,
  },
  /** Bytes without their length. */
  raw: text(8192, (shown, out) => out.bytes(unescapeToBytes(shown))),
  /** Exported as the network-order integer, so that 8000 comes as 16415. */
  port: {
    show(exported) {
      const value = parseNumber(exported, U16);
      return value === undefined ? undefined : String(swap(value));
    },
    accepts: (shown) => parseNumber(shown, U16)?.toString() === shown,
    put: (shown, out) => out.integer(swap(Number(shown)), 2),
  },
  /** Exported as the network-order integer, so that 127.0.0.1 comes as 16777343. */
  ipv4: {
    show(exported) {
      const value = parseNumber(exported, U32);
      return value === undefined ? undefined : [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff).join(".");
    },
    accepts: (shown) =>
      /^(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})$/.test(shown) &&
      octets(shown).every((octet) => octet < 256),
    put: (shown, out) => out.bytes(octets(shown)),
  },
  /** 32 bytes of which the agent hashes the first 8: the size of a pointer. */
  eight: {
    ...hex(16),
    show: (exported) => (isDigest(exported) ? exported.slice(0, 16) : undefined),
  },
} as const satisfies Record<string, CellKind>;

export type CellKindName = keyof typeof cellKinds;
