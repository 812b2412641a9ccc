/** Structures of a TPM as bytes: what is written is read again, and what is damaged is refused with one clear line. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attest,
  type Attest,
  attestationKey,
  decode,
  encode,
  endorsementP384,
  endorsementRsa,
  GENERATED,
  nvPublic,
  publicArea,
  signature,
} from "../../packages/attest/src/tpm/index.ts";

const CLOCK = { clock: 12_345n, resetCount: 3, restartCount: 1, safe: true };
const head = {
  magic: GENERATED,
  qualifiedSigner: new Uint8Array([0, 11, ...new Uint8Array(32).fill(9)]),
  extraData: new Uint8Array(32).fill(7),
  clockInfo: CLOCK,
  firmwareVersion: 0x2024_0101_0000_0001n,
};
const name = head.qualifiedSigner;
const attests: readonly Attest[] = [
  {
    ...head,
    attested: {
      is: "quote",
      value: { pcrs: [{ hash: "sha256", registers: [0, 7, 23] }], digest: new Uint8Array(32).fill(1) },
    },
  },
  { ...head, attested: { is: "certify", value: { name, qualifiedName: name } } },
  { ...head, attested: { is: "nv", value: { name, offset: 0, contents: new Uint8Array(32) } } },
  { ...head, attested: { is: "time", value: { time: { time: 1n, clockInfo: CLOCK }, firmwareVersion: 2n } } },
  { ...head, attested: { is: "creation", value: { name, creationHash: new Uint8Array(32) } } },
];
const index = {
  index: 0x0150_0010,
  nameAlg: "sha256",
  attributes: 0x0a06_0048,
  authPolicy: new Uint8Array(32),
  dataSize: 32,
} as const;
const signed = {
  is: "ecdsa",
  value: { hash: "sha256", r: new Uint8Array(32).fill(1), s: new Uint8Array(32).fill(2) },
} as const;

const samples: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => unknown])[] = [
  ...attests.map(
    (each) =>
      [
        `an attestation (${each.attested.is})`,
        encode(attest, each),
        (bytes: Uint8Array) => decode(attest, bytes),
      ] as const,
  ),
  ...[endorsementRsa, endorsementP384, attestationKey].map(
    (each) =>
      [
        `a public area (${each.is} ${each.value.nameAlg})`,
        encode(publicArea, each),
        (bytes: Uint8Array) => decode(publicArea, bytes),
      ] as const,
  ),
  ["an NV public area", encode(nvPublic, index), (bytes) => decode(nvPublic, bytes)],
  ["a signature", encode(signature, signed), (bytes) => decode(signature, bytes)],
];

/** What came of reading: the value, or the code and the number of lines of a refusal. */
function outcome(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): string {
  try {
    read(bytes);
    return "read";
  } catch (fault) {
    const { code, message } = fault as { code?: string; message: string };
    return `${code} ${message.split("\n").length}`;
  }
}
const REFUSED = "bad-tpm-structure 1";

describe("structures of a TPM", () => {
  it.each(attests)("an attestation is written and read again: $attested.is", (each) => {
    expect(decode(attest, encode(attest, each))).toEqual(each);
  });

  it.each(samples)("%s: every truncation, and one byte more, is refused", (_, bytes, read) => {
    for (let length = 0; length < bytes.length; length++)
      expect([length, outcome(read, bytes.subarray(0, length))]).toEqual([length, REFUSED]);
    expect(outcome(read, Buffer.concat([bytes, Buffer.alloc(1)]))).toBe(REFUSED);
  });

  it.each(samples)("%s: every flipped bit is refused, or is another value", (_, bytes, read) => {
    const whole = JSON.stringify(read(bytes), text);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      let other: string;
      try {
        other = JSON.stringify(read(flipped), text);
      } catch {
        other = outcome(read, flipped);
      }
      expect([bit, other === whole, other.startsWith("{") || other === REFUSED]).toEqual([bit, false, true]);
    }
  });

  it("any bytes are read or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        for (const [, , read] of samples) expect(["read", REFUSED]).toContain(outcome(read, bytes));
      }),
      { numRuns: 200 },
    );
  });

  it("numbers that do not fit are refused when they are written", () => {
    expect(() => encode(nvPublic, { ...index, dataSize: 70_000 })).toThrow("expected a number of 2 bytes, got 70000");
    expect(() => encode(nvPublic, { ...index, authPolicy: new Uint8Array(65) })).toThrow("at most 64 bytes");
  });
});

const text = (_: string, value: unknown) =>
  typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
