/** What ledgers led to: known for the very same bytes of the same node alone, and never a refusal. */
import type { ReplayedLedger } from "@isoline/attest/appraise";
import { describe, expect, it } from "vitest";
import { ReplayedLedgers } from "./replayed-ledgers.ts";

const node = (id: string) => ({ id, tenant: "default" });
const led = (before: number) => ({ before }) as ReplayedLedger;
const file = (length: number, byte: number) => new Uint8Array(length).fill(byte);

describe("ledgers that were replayed", () => {
  it("are not replayed again while all of their bytes are the same", () => {
    const ledgers = new ReplayedLedgers(60, 1000);
    let replays = 0;
    const of = (id: string, bytes: Uint8Array) => ledgers.of(node(id), bytes, () => led(++replays)).before;
    const changed = file(100, 1);
    changed[99] = 2;
    const asked = [file(100, 1), file(100, 1), changed, file(101, 1), file(99, 1), file(99, 1)];
    expect(asked.map((bytes) => of("a", bytes))).toEqual([1, 1, 2, 3, 4, 4]);
    expect(of("b", file(99, 1))).toBe(5);
  });

  it("are replayed again where they were refused, or where there was no memory for them", () => {
    const ledgers = new ReplayedLedgers(60, 150);
    const refused = () => {
      throw new Error("refused");
    };
    expect(() => ledgers.of(node("a"), file(100, 1), refused)).toThrow("refused");
    expect(() => ledgers.of(node("a"), file(100, 1), refused)).toThrow("refused");
    expect(ledgers.of(node("a"), file(100, 1), () => led(1)).before).toBe(1);
    expect(ledgers.of(node("b"), file(100, 1), () => led(2)).before).toBe(2);
    expect(ledgers.of(node("b"), file(100, 1), () => led(3)).before).toBe(3);
    expect(ledgers.of(node("a"), file(100, 1), () => led(4)).before).toBe(1);
  });
});
