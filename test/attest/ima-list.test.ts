/** The kernel's list of measured files: replayed from its beginning, or from where a shorter list of the same boot ended. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ImaReplay, replayImaList } from "../../packages/attest/src/boot/index.ts";
import { KeptFacts } from "../../packages/verifier/src/fleet/proven-facts.ts";

const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const sized = (bytes: Uint8Array) => Buffer.concat([u32(bytes.length), bytes]);
const sha = (name: string, ...parts: readonly Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash(name)).digest();

interface Entry {
  readonly register: number;
  readonly data: Uint8Array;
  readonly isViolation: boolean;
}
const entries = fc.array(
  fc.record({
    register: fc.constantFrom(10, 10, 10, 11),
    data: fc.uint8Array({ maxLength: 40 }),
    isViolation: fc.constantFrom(false, false, true),
  }),
  { minLength: 1, maxLength: 12 },
);
const banks = fc.constantFrom<"sha1" | "sha256">("sha1", "sha256");

interface Step {
  readonly value: Buffer;
  readonly bytes: number;
}
const START: Step = { value: Buffer.alloc(32), bytes: 0 };
const stepAt = (steps: readonly Step[], at: number): Step => steps[at % steps.length] ?? START;

/** The list, and what the register holds at first and after each entry, with the bytes until there. */
function listOf(all: readonly Entry[], bank: "sha1" | "sha256") {
  const size = bank === "sha1" ? 20 : 32;
  const records = all.map(({ register, data, isViolation }) => {
    const digest = isViolation ? Buffer.alloc(size) : sha(bank, data);
    return Buffer.concat([u32(register), digest, sized(Buffer.from("ima-ng")), sized(data)]);
  });
  const steps: Step[] = [START];
  for (const [index, { register, data, isViolation }] of all.entries()) {
    const { value, bytes } = steps.at(-1) ?? START;
    const extended = sha("sha256", value, isViolation ? Buffer.alloc(32, 0xff) : sha("sha256", data));
    steps.push({ value: register === 10 ? extended : value, bytes: bytes + (records[index]?.length ?? 0) });
  }
  return { list: Buffer.concat(records), steps };
}

type Kept = KeptFacts["imaLists"];
/** What a replay says or why it refuses, in the way of the verifier: what is proven is kept. */
function replayed(list: Uint8Array, quoted: Uint8Array, kept?: Kept): Omit<ImaReplay, "end"> | string {
  try {
    const { end, ...said } = replayImaList(list, quoted, kept?.endWithin(list));
    kept?.keep(list, end);
    return said;
  } catch (fault) {
    return (fault as Error).message;
  }
}

describe("a list of measured files", () => {
  it("says the same, whether it is replayed from its beginning or from where an earlier list ended", () => {
    fc.assert(
      fc.property(entries, banks, fc.array(fc.nat(12), { maxLength: 4 }), fc.nat(12), (all, bank, ends, quotedAt) => {
        const { list, steps } = listOf(all, bank);
        const kept = new KeptFacts().imaLists;
        // Earlier lists in any order: each time with the register as it was at its end.
        for (const end of ends) {
          const { bytes, value } = stepAt(steps, end);
          const earlier = list.subarray(0, bytes);
          expect(replayed(earlier, value, kept)).toEqual(replayed(earlier, value));
        }
        const quoted = stepAt(steps, quotedAt).value;
        expect(replayed(list, quoted, kept)).toEqual(replayed(list, quoted));
      }),
      { numRuns: 500 },
    );
  });

  it("is refused as before where a byte of it changed, also one that was proven already", () => {
    fc.assert(
      fc.property(entries, banks, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(12), (all, bank, at, by, end) => {
        const { list, steps } = listOf(all, bank);
        const kept = new KeptFacts().imaLists;
        const { bytes, value } = stepAt(steps, end);
        replayed(list.subarray(0, bytes), value, kept);
        const changed = Buffer.from(list);
        changed[at % list.length] = (changed[at % list.length] ?? 0) ^ by;
        const quoted = stepAt(steps, steps.length - 1).value;
        expect(replayed(changed, quoted, kept)).toEqual(replayed(changed, quoted));
      }),
      { numRuns: 500 },
    );
  });

  it("that did not grow is not looked into again", () => {
    const { list, steps } = listOf([{ register: 10, data: Buffer.from("data"), isViolation: true }], "sha256");
    const quoted = stepAt(steps, 1).value;
    const { end, violations } = replayImaList(list, quoted);
    expect(violations).toBe(1);
    expect(replayImaList(list, quoted, end).end).toBe(end);
    expect(replayImaList(list, quoted, end).violations).toBe(1);
  });

  it("is known by its bytes alone: neither a shorter nor a longer one that differs is", () => {
    const { list, steps } = listOf(
      ["one", "two", "three"].map((word) => ({ register: 10, data: Buffer.from(word), isViolation: false })),
      "sha256",
    );
    const { bytes: two, value } = stepAt(steps, 2);
    const kept = new KeptFacts().imaLists;
    expect(kept.endWithin(list)).toBeUndefined();
    replayed(list.subarray(0, two), value, kept);
    expect(kept.endWithin(list)?.bytes).toBe(two);
    expect(kept.endWithin(list.subarray(0, two - 1))).toBeUndefined();
    const other = Buffer.from(list);
    other[two - 1] = (other[two - 1] ?? 0) ^ 1;
    expect(kept.endWithin(other)).toBeUndefined();
  });
});
