import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAtMost } from "./bounded.ts";

describe("what is read up to a number of bytes", () => {
  it("is all of it, however it is cut, or nothing if there is more", async () => {
    const cut = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(cut, fc.nat(60), async (pieces, most) => {
        const all = Buffer.concat(pieces);
        expect(await readAtMost(arriving(pieces), most)).toEqual(all.length > most ? undefined : all);
      }),
    );
  });

  it("is empty where there is no body", async () => {
    expect(await readAtMost(null, 0)).toEqual(Buffer.alloc(0));
  });

  it("ends a stream that does not end", async () => {
    let taken = 0;
    let isEnded = false;
    async function* endless() {
      try {
        for (;;) {
          taken += 1;
          yield new Uint8Array(8);
        }
      } finally {
        isEnded = true;
      }
    }
    expect(await readAtMost(endless(), 20)).toBeUndefined();
    expect([taken, isEnded]).toEqual([3, true]);
  });
});

async function* arriving(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}
